"""The job of reducing embeddings to their principal components."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from ..options import DTYPES
from .features import FeatureJob, check_choice


@dataclass(frozen=True)
class ReduceJob(FeatureJob):
    """Images, or one embedding, to reduce to ``components`` values per cell; see ``FeatureJob``.

    ``basis``: components of another scene to apply, a file that ``save_basis`` wrote (then ``components`` is
    at most its number). ``picture``: the first three as red, green and blue. Both may be empty.
    """

    components: int = 3
    basis: str = ""
    save_basis: str = ""
    picture: str = ""
    output: str = ""
    dtype: str = "float32"
    overwrite: bool = False

    def check(self) -> None:
        """As ``FeatureJob.check``, and the settings of the components."""
        super().check()
        if self.components < 1:
            raise JobError(f"{self.components} components are impossible.", "Use 1 or more.")
        check_choice("dtype", self.dtype, tuple(kind for kind in DTYPES if kind != "int8"))
