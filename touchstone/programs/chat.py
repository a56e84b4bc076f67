"""Messages to the text of a prompt, by the template that comes with the model.

Templates are written for transformers (`apply_chat_template`) and see what they see there, but for
the time of day: a prompt depends on its messages alone. They come from strangers and run in
Jinja's sandbox, which keeps them from everything but their arguments, though not from wasting time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from touchstone.errors import InputError
from touchstone.programs.language import Chat


def render(
    chat: Chat, messages: Sequence[Mapping[str, Any]], answer: bool = True, **more: Any
) -> str:
    """The text that stands for `messages` (each with a role and a content).

    With `answer` it ends where the model's answer begins. Special tokens are part of it: it is
    tokenised without adding any. `more` are other names that the template may know, like tools.

    Raises:
        InputError: the template refuses the messages, or is broken.
    """
    names = {**more, **chat.tokens, "messages": messages, "add_generation_prompt": answer}
    try:
        return _template(chat.template).render(**names)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise InputError(f"the model's chat template refuses these messages: {error}") from error


@lru_cache(maxsize=8)
def _template(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    return environment.from_string(source)


def _to_json(value: Any, indent: int | None = None) -> str:
    # Jinja's own would escape HTML.
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
