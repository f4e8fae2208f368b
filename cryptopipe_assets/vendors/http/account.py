"""Who a vendor takes us for: this address, or the owner of a key. Limits are counted by that."""

import hashlib
import secrets
from pathlib import Path

from pydantic import SecretStr

from cryptopipe_assets.core.errors import StorageError

ADDRESS = "address"
SALT = "salt"
SALT_BYTES = 16


def account_of(api_key: SecretStr | None, folder: Path | None) -> str:
    """Return ``address`` without a key, else ``key-`` and eight digits that stand for the key.

    The digits are a salted hash: two keys are two accounts, the same key is the same account in
    every process that shares ``folder``, and nobody can try keys against them elsewhere. Without
    a folder the salt lasts as long as the call, as what is counted by it is kept in memory.

    Raises
    ------
    StorageError
        If the salt cannot be kept.
    """
    if api_key is None or not api_key.get_secret_value():
        return ADDRESS
    salt = secrets.token_bytes(SALT_BYTES) if folder is None else _salt(folder / SALT)
    key = api_key.get_secret_value().encode()
    return f"key-{hashlib.blake2b(key, salt=salt, digest_size=4).hexdigest()}"


def _salt(path: Path) -> bytes:
    """Return the folder's salt; the first process that needs it makes it."""
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            draft.write_bytes(secrets.token_bytes(SALT_BYTES))
            try:
                path.hardlink_to(draft)  # unlike a rename, the second of two fails
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_bytes()
    except OSError as exc:
        raise StorageError(
            f"cannot write {path}: {exc.strerror}; make the folder writable or choose another one "
            "with CRYPTOPIPE_WAREHOUSE"
        ) from exc
