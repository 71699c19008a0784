"""Generated functions between the data of blocks and instances of a map; ``plain`` defines both."""

from modbus_schema.compile.decoding import compile_decoder as compile_decoder
from modbus_schema.compile.decoding import compile_decoder_of_one as compile_decoder_of_one
from modbus_schema.compile.encoding import compile_encoder as compile_encoder
