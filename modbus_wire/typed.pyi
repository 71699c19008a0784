from typing import Any as Any
from typing import ClassVar as ClassVar
from typing import Generic as Generic
from typing import NoReturn as NoReturn
from typing import Protocol as Protocol
from typing import Self as Self
from typing import SupportsIndex as SupportsIndex
from typing import TypeAlias as TypeAlias
from typing import TypeVar as TypeVar
from typing import overload as overload

TYPE_CHECKING: bool
