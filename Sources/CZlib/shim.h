#pragma once
#include <string.h>
#include <zlib.h>

// deflateInit2 is a macro, and a z_stream is for C to keep: these compress a whole buffer at once.

/// The most bytes that rt_gzip can need for `count` bytes.
static inline size_t rt_gzip_bound(size_t count) { return compressBound((uLong)count) + 32; }

/// Writes `count` bytes as gzip (RFC 1952) without name and time, so that equal bytes give equal bytes; 0 where zlib
/// fails, else the length.
static inline size_t rt_gzip(const unsigned char *bytes, size_t count, unsigned char *out, size_t room, int level) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (unsigned char *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int code = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return code == Z_STREAM_END ? written : 0;
}
