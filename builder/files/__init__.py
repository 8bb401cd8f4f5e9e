"""Bytes on a disk: read with distrust (`reading`, `untrusted`), written whole or not at all (`writing`), summed (`digest`, `checksum`)."""
