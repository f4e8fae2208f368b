"""What a damaged file of somebody's raises."""

from pathlib import Path

from cryptopipe_assets.core.errors import RequestError


class UnreadableRecording(RequestError):
    """A recorded file is damaged; the message names the file and the first thing wrong in it."""

    def __init__(self, path: Path, fault: str) -> None:
        file = f"{path.parent.name}/{path.name}"
        super().__init__(f"recording {file} is damaged: {fault}; fetch it again or take it out")
        self.fault = fault
