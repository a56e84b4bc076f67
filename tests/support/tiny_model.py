"""A real compiled model, small enough for tests."""

from pathlib import Path

from tests.support.minimal_node import Model
from tests.touchstone.compilers.tiny_bert import write_tiny_bert
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.compilers import compile_bert
from touchstone.engines import TorchEngine
from touchstone.programs import load_model
from touchstone.protocol.ids import ModelId, model_id


def compile_tiny(folder: Path) -> Path:
    source, out = folder / "source", folder / "model"
    source.mkdir(parents=True)
    write_tiny_bert(source)
    compile_bert(source, out, "tiny", "1")
    return out


def exact(folder: Path) -> Model:
    return TorchEngine(load_model(folder), "cpu", 1).run


def slightly_wrong(folder: Path) -> Model:
    honest = exact(folder)

    def run(batch):
        outputs = [output.copy() for output in honest(batch)]
        outputs[0][0] += 1
        return outputs

    return run


def publisher_of(folder: Path):
    """Publishes the model; what `small_world` wants as `publish`."""

    def publish(devnet: Devnet, deployment: Deployment) -> ModelId:
        manifest = load_model(folder).manifest
        call = Registry(devnet.w3, deployment).publish(
            manifest.name,
            manifest.version,
            manifest.program_root,
            manifest.weight_root,
            [shard.root for shard in manifest.shards],
            modes=3,
            unit_rows=8,
            max_rows=manifest.max_length,
        )
        Sender(devnet.w3, devnet.account(0), poll_s=0.02).send(call)
        return model_id(manifest.name, manifest.version)

    return publish
