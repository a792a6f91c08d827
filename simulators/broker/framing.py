"""Bytes to packets and back, as a socket wants them: whole frames in, one write per turn of the loop out."""

import asyncio
from collections.abc import Callable

from simulators.broker.packets import FaultyPacketError, Reason

_BUFFER = 256 * 1024  # bytes under way to a client beyond which deliveries wait
_LENGTH_BYTES = 4


class Frames:
    """Takes bytes as they come and gives whole packets. None may be larger than `largest` bytes."""

    __slots__ = ("_heard", "_largest")

    def __init__(self, largest: int) -> None:
        self._heard = bytearray()
        self._largest = largest

    def feed(self, data: bytes) -> None:
        """More has arrived."""
        self._heard += data

    def next(self) -> tuple[int, bytes] | None:
        """The first byte and the body of the next packet, None until it is whole. Raises FaultyPacketError."""
        heard, length = self._heard, 0
        for at in range(1, _LENGTH_BYTES + 1):
            if at >= len(heard):
                return None
            length |= (heard[at] & 0x7F) << (7 * (at - 1))
            if heard[at] < 0x80:
                break
        else:
            raise FaultyPacketError(Reason.MALFORMED, "the remaining length has more than four bytes")
        start, end = at + 1, at + 1 + length
        if end > self._largest:
            raise FaultyPacketError(Reason.PACKET_TOO_LARGE, f"a packet of {end} bytes")
        if end > len(heard):
            return None
        frame = heard[0], bytes(heard[start:end])
        del heard[:end]
        return frame


class Outbox:
    """Packets on their way to one client. `more` is called when there is room again after there was none.

    A client that leaves more than `unread` bytes unread is cut off.
    """

    def __init__(self, transport: asyncio.Transport, unread: int, more: Callable[[], None]) -> None:
        transport.set_write_buffer_limits(high=_BUFFER)
        self._transport, self._unread, self._more = transport, unread, more
        self._loop = asyncio.get_running_loop()
        self._packets: list[bytes] = []
        self._size = 0
        self._congested = False

    @property
    def closing(self) -> bool:
        """Nothing more will be sent."""
        return self._transport.is_closing()

    @property
    def roomy(self) -> bool:
        """Deliveries may be sent; answers may always."""
        return self._size < _BUFFER and not self._congested and not self._transport.is_closing()

    def send(self, packet: bytes) -> None:
        """Write it at the end of this turn of the loop, with all that is sent until then."""
        if not self._packets:
            self._loop.call_soon(self._flush)
        self._packets.append(packet)
        self._size += len(packet)

    def congested(self, *, now: bool) -> None:
        """The socket takes no more, or takes bytes again."""
        self._congested = now
        if not now:
            self._more()

    def close(self) -> None:
        """Write what there is, then close."""
        self._flush()
        self._transport.close()

    def cut(self) -> None:
        """Close at once, unwritten bytes and all."""
        self._transport.abort()

    def _flush(self) -> None:
        packets, self._packets = self._packets, []
        filled, self._size = self._size >= _BUFFER, 0
        if not packets or self._transport.is_closing():
            return
        self._transport.write(b"".join(packets))
        if self._transport.get_write_buffer_size() > self._unread:
            self.cut()
        elif filled and self.roomy:
            self._more()
