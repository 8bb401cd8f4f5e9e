"""The models on this machine: files by content, and a manifest for each model.

    <ONPAGE_HOME, else the platform's data folder>/
    ├── lock                    held while anything below changes
    ├── files/<sha256>          contents, each once
    ├── models/<id>.json        manifests; a model is here when its manifest is
    └── unfinished/<name>/      downloads to go on with; those with a dot are a running process's own

See `Store` for what is promised.
"""

from builder.store.folder import Removed, Store, StoredModel
from builder.store.manifest import Manifest, model_id

__all__ = ["Manifest", "Removed", "Store", "StoredModel", "model_id"]
