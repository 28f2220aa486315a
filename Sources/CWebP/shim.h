#pragma once
#include <stdint.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

// libwebp's headers are macros and unions around a versioned core; these functions hold them together.

typedef struct {
    /// Of the whole picture; an animation's first frame may cover a part of it.
    int canvas_width, canvas_height;
    int x, y, width, height;
    int has_alpha;
    int animated;
    /// Whether all bytes of the first frame are there.
    int complete;
    /// The first frame, within the file's bytes.
    const uint8_t *frame;
    size_t frame_count;
    /// The EXIF chunk, within the file's bytes; NULL where there is none.
    const uint8_t *exif;
    size_t exif_count;
} rt_webp_info;

/// Reads the list of chunks and allocates nothing for pixels. 0, or 1 where there is no frame to be had.
static inline int rt_webp_open(const uint8_t *bytes, size_t count, rt_webp_info *info) {
    memset(info, 0, sizeof(*info));
    WebPData data = {bytes, count};
    WebPDemuxState state;
    WebPDemuxer *demux = WebPDemuxPartial(&data, &state);
    if (!demux) return 1;
    info->canvas_width = (int)WebPDemuxGetI(demux, WEBP_FF_CANVAS_WIDTH);
    info->canvas_height = (int)WebPDemuxGetI(demux, WEBP_FF_CANVAS_HEIGHT);
    info->animated = (WebPDemuxGetI(demux, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG) != 0;
    WebPIterator frame;
    int found = WebPDemuxGetFrame(demux, 1, &frame);
    if (found) {
        info->x = frame.x_offset;
        info->y = frame.y_offset;
        info->width = frame.width;
        info->height = frame.height;
        info->has_alpha = frame.has_alpha;
        info->complete = frame.complete;
        info->frame = frame.fragment.bytes;
        info->frame_count = frame.fragment.size;
        WebPDemuxReleaseIterator(&frame);
    }
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(demux, "EXIF", 1, &chunk)) {
        info->exif = chunk.chunk.bytes;
        info->exif_count = chunk.chunk.size;
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demux);
    return !found;
}

/// Decodes a frame into `pixels`, rows of three bytes a pixel, or four where `alpha` is not 0, as far as its bytes go.
///
/// `rows` is how many rows are whole. Returns libwebp's status: `VP8_STATUS_SUSPENDED` where bytes are missing.
static inline int rt_webp_decode(
    const uint8_t *frame, size_t count, int width, int height, int alpha, uint8_t *pixels, size_t size, int *rows) {
    *rows = 0;
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
    // The frame's own header has the last word about what will be written, and it must be what the buffer was made for.
    int status = WebPGetFeatures(frame, count, &config.input);
    if (status != VP8_STATUS_OK) return status == VP8_STATUS_NOT_ENOUGH_DATA ? VP8_STATUS_SUSPENDED : status;
    if (config.input.width != width || config.input.height != height) return VP8_STATUS_BITSTREAM_ERROR;
    config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels;
    config.output.u.RGBA.stride = width * (alpha ? 4 : 3);
    config.output.u.RGBA.size = size;
    WebPIDecoder *decoder = WebPIDecode(NULL, 0, &config);
    if (!decoder) return VP8_STATUS_OUT_OF_MEMORY;
    status = WebPIUpdate(decoder, frame, count);
    int last = 0;
    if (WebPIDecGetRGB(decoder, &last, NULL, NULL, NULL)) *rows = last;
    WebPIDelete(decoder);
    WebPFreeDecBuffer(&config.output);
    return status;
}
