"""The tab of a task that works on features: of the images of the tab «Embed», or of an embedding."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from qgis.PyQt.QtWidgets import QWidget

from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .settings_form import SettingsForm
from .source_choice import SourceChoice
from .task_tab import TaskTab, known_parameters


class SourceTab(TaskTab):
    """A choice of the source, and forms; the parameters of all of them are those of the run."""

    def __init__(self, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.embed = embed
        self.embeddings = embeddings
        self.source = SourceChoice(embed, embeddings)
        self.source.changed.connect(self.tell)
        #: What the project keeps, by its name there.
        self.parts: Dict[str, Any] = {"source": self.source}
        self._forms: Dict[str, SettingsForm] = {}

    def add_form(self, name: str, form: SettingsForm) -> SettingsForm:
        """Take a form's parameters into the run, and its state into the project."""
        self.parts[name] = self._forms[name] = form
        form.changed.connect(self.tell)
        return form

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """Those of the source and of every form."""
        values = known_parameters(self.ALGORITHM, self.source.parameters(as_text))
        for form in self._forms.values():
            values.update(form.parameters())
        return values

    def reason(self) -> str:
        """Nothing to work on."""
        return self.source.reason()

    def note(self) -> str:
        """What happens before."""
        return self.source.note()

    def state(self) -> Dict[str, Any]:
        """Each part's."""
        return {name: part.state() for name, part in self.parts.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Each part takes its own."""
        self.restore_parts(state, self.parts)
