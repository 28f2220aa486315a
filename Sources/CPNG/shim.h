#pragma once
#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

// libpng reports errors by longjmp, which must never cross a Swift frame. Each function below sets its own target,
// calls libpng, and comes back with 0, or with 1 and `message` set.

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    size_t position;
    /// Set when libpng asked for bytes beyond the end: the file was cut, not damaged.
    int ran_out;
    uint32_t width;
    uint32_t height;
    int channels;
    int passes;
    /// Bytes of a row after all conversions.
    size_t row_bytes;
    /// Bytes and length of the eXIf chunk; NULL where there is none. Lives as long as the reader.
    uint8_t *exif;
    uint32_t exif_count;
    char message[128];
} rt_png_reader;

static inline void rt_png_on_error(png_structp png, png_const_charp text) {
    rt_png_reader *reader = (rt_png_reader *)png_get_error_ptr(png);
    if (reader) {
        strncpy(reader->message, text, sizeof(reader->message) - 1);
        reader->message[sizeof(reader->message) - 1] = 0;
    }
    longjmp(png_jmpbuf(png), 1);
}

static inline void rt_png_on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static inline void rt_png_pull(png_structp png, png_bytep out, size_t wanted) {
    rt_png_reader *reader = (rt_png_reader *)png_get_io_ptr(png);
    if (wanted > reader->count - reader->position) {
        reader->ran_out = 1;
        png_error(png, "the file ends too early");
    }
    memcpy(out, reader->bytes + reader->position, wanted);
    reader->position += wanted;
}

/// Starts reading and reads the header and everything before the pixels. `memory` bounds one ancillary chunk.
static inline int rt_png_open(rt_png_reader *reader, const uint8_t *bytes, size_t count, size_t memory) {
    memset(reader, 0, sizeof(*reader));
    reader->bytes = bytes;
    reader->count = count;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, rt_png_on_error, rt_png_on_warning);
    if (!reader->png) return 1;
    if (setjmp(png_jmpbuf(reader->png))) return 1;
    reader->info = png_create_info_struct(reader->png);
    if (!reader->info) return 1;
    png_set_read_fn(reader->png, reader, rt_png_pull);
    png_set_user_limits(reader->png, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(reader->png, memory);
    png_set_chunk_cache_max(reader->png, 64);
    png_read_info(reader->png, reader->info);
    reader->width = png_get_image_width(reader->png, reader->info);
    reader->height = png_get_image_height(reader->png, reader->info);
#ifdef PNG_eXIf_SUPPORTED
    png_get_eXIf_1(reader->png, reader->info, &reader->exif_count, &reader->exif);
#endif
    return 0;
}

/// Asks for 8-bit sRGB with alpha only where the file has any, and says what rows will look like.
///
/// `cut`: the file ends within the pixels. libpng then reads a few bytes at a time, since a read that runs into the
/// end loses all that it had asked for.
static inline int rt_png_prepare(rt_png_reader *reader, int cut) {
    if (setjmp(png_jmpbuf(reader->png))) return 1;
    if (cut) png_set_compression_buffer_size(reader->png, 16);
    png_set_expand(reader->png);
    png_set_scale_16(reader->png);
    png_set_gray_to_rgb(reader->png);
    // After png_read_info: the file's own gamma stands, sRGB is assumed where it gives none.
    png_set_alpha_mode(reader->png, PNG_ALPHA_PNG, PNG_DEFAULT_sRGB);
    reader->passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    reader->channels = png_get_channels(reader->png, reader->info);
    reader->row_bytes = png_get_rowbytes(reader->png, reader->info);
    return 0;
}

/// Reads the next row of the current pass. An interlaced pass fills blocks of the row that was there before.
static inline int rt_png_read_row(rt_png_reader *reader, uint8_t *row) {
    if (setjmp(png_jmpbuf(reader->png))) return 1;
    if (reader->passes > 1) png_read_row(reader->png, NULL, row);
    else png_read_row(reader->png, row, NULL);
    return 0;
}

/// Reads what follows the pixels; fails where the last checksum or chunk is wrong.
static inline int rt_png_finish(rt_png_reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) return 1;
    png_read_end(reader->png, NULL);
    return 0;
}

static inline void rt_png_close(rt_png_reader *reader) {
    if (reader->png) png_destroy_read_struct(&reader->png, reader->info ? &reader->info : NULL, NULL);
}

static inline const char *rt_png_message(const rt_png_reader *reader) { return reader->message; }

/// The simplified writer's control structure for 8-bit RGB.
static inline png_image rt_png_rgb(uint32_t width, uint32_t height) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    return image;
}

/// The most bytes a PNG of this image can need.
static inline size_t rt_png_bound(png_image image) { return PNG_IMAGE_PNG_SIZE_MAX(image); }
