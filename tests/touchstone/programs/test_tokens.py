"""Prompts of a model that writes: its tokens, its chat template, text as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.touchstone.compilers.tiny_decoder import byte_tokenizer, change_json, write_tiny
from touchstone.compilers import compile_decoder
from touchstone.errors import CompileError, InputError
from touchstone.programs import Chat, load_model
from touchstone.programs.chat import render
from touchstone.programs.tokens import Decoder, TextStream

TEMPLATE = """\
{{ bos_token }}
{%- for message in messages %}
    {%- if message.role == 'system' and not loop.first %}{{ raise_exception('late') }}{% endif %}
    <{{ message.role }}>{{ message.content | trim }}{{ eos_token }}
{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}
"""
MESSAGES = [{"role": "system", "content": "Be brief. "}, {"role": "user", "content": "Hé?"}]
TOKENIZER = byte_tokenizer()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat") / "source"
    write_tiny(folder, num_hidden_layers=1)
    (folder / "tokenizer_config.json").write_text("{}")
    return folder


def put(source: Path, file: str | None, template: Any) -> None:
    special = {"bos_token": "<special0>", "eos_token": {"content": "<special1>"}}
    (source / "chat_template.jinja").unlink(missing_ok=True)
    field = ... if file else template
    change_json(source / "tokenizer_config.json", chat_template=field, **special)
    if file:
        (source / file).write_text(template, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "template"),
    [
        ("chat_template.jinja", TEMPLATE),
        (None, TEMPLATE),
        (None, [{"name": "tools", "template": "x"}, {"name": "default", "template": TEMPLATE}]),
    ],
)
def test_messages_become_the_tokens_that_transformers_makes(
    source: Path, tmp_path: Path, file: str | None, template: Any
) -> None:
    from transformers import PreTrainedTokenizerFast

    put(source, file, template)
    manifest = compile_decoder(source, tmp_path, "tiny", "1")
    assert load_model(tmp_path).manifest == manifest
    theirs = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(), bos_token="<special0>", eos_token="<special1>"
    )
    theirs.chat_template = TEMPLATE
    wanted = theirs.apply_chat_template(MESSAGES, add_generation_prompt=True)["input_ids"]
    found = Decoder(tmp_path).chat(MESSAGES)
    assert found.dtype == np.int32 and found.tolist() == wanted
    asked = Decoder(tmp_path).chat(MESSAGES, answer=False)
    assert asked.tolist() == found[: len(asked)].tolist() and len(asked) < len(found)


def test_a_model_without_a_template_says_so(source: Path, tmp_path: Path) -> None:
    put(source, None, None)
    compile_decoder(source, tmp_path, "tiny", "1")
    with pytest.raises(InputError, match="tiny@1 has no chat template"):
        Decoder(tmp_path).chat(MESSAGES)
    assert Decoder(tmp_path).prompt("x" * 99).tolist() == [TOKENIZER.encode("x").ids[0]] * 99


def test_a_template_that_is_no_text_is_refused(source: Path, tmp_path: Path) -> None:
    put(source, None, 3)
    with pytest.raises(CompileError, match="chat_template must be a text"):
        compile_decoder(source, tmp_path / "model", "tiny", "1")
    put(source, None, None)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('no tools') }}", "no tools"),
        ("{% for %}", "refuses these messages"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ cycler.__init__.__globals__.os }}", "unsafe"),
        ("{{ 1 // 0 }}", "refuses these messages"),
        ("{{ messages[0].content.role.x }}", "refuses these messages"),
        ("{% for i in range(1000000000) %}{% endfor %}", "refuses these messages"),
    ],
)
def test_a_template_that_fails_or_reaches_out_is_refused(template: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        render(Chat(template), MESSAGES)


@settings(max_examples=50)
@given(st.text(), st.lists(st.integers(0, 263)))
def test_text_that_streams_is_whole_characters_and_the_whole_text(
    text: str, tokens: list[int]
) -> None:
    for numbers in (TOKENIZER.encode(text).ids, tokens):
        stream = TextStream(TOKENIZER)
        parts = [stream.add(token) for token in numbers]
        assert "".join(parts) + stream.end() == TOKENIZER.decode(numbers)
        if numbers is not tokens:
            assert "\N{REPLACEMENT CHARACTER}" in text or not any(
                "\N{REPLACEMENT CHARACTER}" in part for part in parts
            )
