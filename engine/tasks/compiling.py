"""Compiling a model's blocks with torch.compile: when it pays, and the way back where it does not work."""

from __future__ import annotations

from engine.model.encoder import Encoder

#: What compiling one block takes the first time in a process, in seconds; and the share of the encoder's time that it
#: saves. Assumed until a GPU has measured them: benchmarks/gpu.py prints both.
COST_S, GAIN = 12.0, 0.1

#: Models whose blocks were compiled in this process, by what the compiled code depends on: they cost nothing again.
_compiled: set[tuple[object, ...]] = set()


def worth_compiling(encoder: Encoder, seconds_ahead: float) -> bool:
    """Whether compiling saves more time than it takes, of a run that needs ``seconds_ahead`` in the encoder."""
    cost = 0.0 if _key(encoder) in _compiled else COST_S
    return GAIN * seconds_ahead > cost


class CompiledBlocks:
    """The encoder's blocks, compiled in place on their next call, until ``undo``.

    All blocks have one code, so it is compiled once for all of them, and for batches of any size.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._blocks, self._key = list(encoder.blocks), _key(encoder)
        for block in self._blocks:
            block.compile()
        _compiled.add(self._key)

    def undo(self, failed: bool = False) -> None:
        """The blocks run as they are from now on; ``failed`` where the compiled ones never ran. Safe to call twice."""
        if failed:
            _compiled.discard(self._key)
        for block in self._blocks:
            # What nn.Module.compile sets, for which it has no inverse.
            block._compiled_call_impl = None


def _key(encoder: Encoder) -> tuple[object, ...]:
    return (encoder.width, encoder.num_heads, encoder.dtype, str(encoder.device))
