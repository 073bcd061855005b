"""What a NeuronCore has room for, what of it is taken, and what crosses from and to HBM.

How long a buffer lives is not what Python says: a name may outlive the last use of its tile, and a
new tile exists before the name lets go of the old one. So liveness is taken as compilers take it: a
tile occupies memory from the first instruction that touches it to the last one. Only at the end of a
run is it known, and only then are the capacities of SBUF and PSUM checked. Tiles that are rotated by
hand are tiles of their own; rotation that a compiler might add is not counted.
"""

PMAX = 128
PSUM_BANK_BYTES = 2048
PSUM_BANKS = 8
# per partition, less what the compiler keeps: 16 KiB of 192 on trn1 and inf2 (direct allocation guide)
KIB = 1024
SBUF_BYTES = {"trn1": 176 * KIB, "inf2": 176 * KIB, "trn2": 208 * KIB, "trn3": 240 * KIB}


class NkiError(Exception):
    """A rule of NKI or of the hardware that the kernel breaks."""


def require(condition, message):
    if not condition:
        raise NkiError(message)


class Tenant:
    """A tile in SBUF or PSUM: bytes per partition, and the first and last instruction on it."""

    __slots__ = ("buffer", "bytes", "first", "last")

    def __init__(self, buffer, size):
        self.buffer, self.bytes, self.first, self.last = buffer, size, None, None


class Chip:
    def __init__(self):
        self.reset("trn1")

    def reset(self, target):
        require(target in SBUF_BYTES, f"target {target!r} is not one of {', '.join(SBUF_BYTES)}")
        self.target, self.sbuf_bytes = target, SBUF_BYTES[target]
        self.bytes_read = self.bytes_written = 0
        self.now = 0
        self.tenants = []

    def tenant(self, buffer, size):
        tenant = Tenant(buffer, size)
        self.tenants.append(tenant)
        return tenant

    def touch(self, tenant):
        if tenant.first is None:
            tenant.first = self.now
        tenant.last = self.now

    def next_instruction(self):
        self.now += 1

    def peak(self, buffer, size):
        """The most that is occupied at once, where `size` says how much a tile takes."""
        changes = []
        for tenant in self.tenants:
            if tenant.buffer == buffer and tenant.first is not None:
                changes += [(tenant.first, 0, size(tenant)), (tenant.last, 1, -size(tenant))]
        taken = most = 0
        for _, _, change in sorted(changes):
            taken += change
            most = max(most, taken)
        return most

    def check_capacity(self):
        banks = self.peak("psum", lambda tenant: 1)
        require(banks <= PSUM_BANKS, f"{banks} PSUM banks are in use at once, there are {PSUM_BANKS}")
        sbuf, limit = self.peak("sbuf", lambda tenant: tenant.bytes), self.sbuf_bytes
        require(
            sbuf <= limit,
            f"{sbuf} bytes of SBUF per partition are in use at once, {self.target} has {limit}: "
            "the compiler would spill, and move more bytes than the kernel says",
        )


CHIP = Chip()
