"""Putting an export into a repository of the Hugging Face hub."""

import re

from kerassl.errors import InvalidValue, MissingPackage

# "owner/name", as the hub has it.
REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


def check(repository) -> None:
    """Raises unless a repository's name is one, and the package is there.

    Args:
        repository: What the user gave.
    """
    if not isinstance(repository, str) or not REPOSITORY.fullmatch(repository):
        raise InvalidValue(
            f"`upload_to` must be OWNER/NAME. Received: {repository!r:.100}"
        )
    _hub()


def upload(folder, repository) -> str:
    """Puts a folder into a repository, and returns its address.

    A repository that is not there is made, private. Who may write is decided by the
    login of `hf auth login` or the environment's HF_TOKEN, which is not looked at here.

    Args:
        folder: The export.
        repository: "owner/name".

    Raises:
        ConnectionError: If the hub does not take it.
    """
    hub = _hub()
    try:
        api = hub.HfApi()
        api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(
            folder_path=str(folder),
            repo_id=repository,
            commit_message="Add an encoder exported by kerassl",
        )
    except (OSError, hub.errors.HfHubHTTPError, hub.errors.HFValidationError) as error:
        # Of what it says, nothing: it may repeat headers.
        raise ConnectionError(
            f"`upload_to`: {repository} was not written ({type(error).__name__}). Are "
            f"you logged in (`hf auth login`)? The export is in {folder}."
        ) from None
    return f"https://huggingface.co/{repository}"


def _hub():
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingPackage(
            "`upload_to` needs huggingface_hub. Install it: pip install "
            "'kerassl[export]'"
        ) from error
    return huggingface_hub
