// The part of OpenVINO's C API that ModelCore calls, declared here so that the console builds where OpenVINO is not
// installed. Every function is looked up with dlsym at run time; the typedefs below are the types it is called through.
// Source of names, signatures and values: OpenVINO 2026.4, openvino/c/*.h (Apache-2.0).
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct ov_core ov_core_t;
typedef struct ov_model ov_model_t;
typedef struct ov_compiled_model ov_compiled_model_t;
typedef struct ov_infer_request ov_infer_request_t;
typedef struct ov_tensor ov_tensor_t;
typedef struct ov_output_const_port ov_output_const_port_t;

// ov_status_e: 0 is success, failures are negative.
typedef int32_t ov_status_t;

typedef struct {
    const char *buildNumber;
    const char *description;
} ov_version_t;

typedef struct {
    int64_t rank;
    int64_t *dims;
} ov_shape_t;

// Values of ov_element_type_e since 2026.0. Earlier releases number them otherwise, so the engine refuses those.
enum { REVIEWTUI_OV_F32 = 4, REVIEWTUI_OV_I64 = 10, REVIEWTUI_OV_U8 = 16 };

typedef ov_status_t (*ov_get_openvino_version_fn)(ov_version_t *);
typedef void (*ov_version_free_fn)(ov_version_t *);
typedef const char *(*ov_get_error_info_fn)(ov_status_t);
typedef const char *(*ov_get_last_err_msg_fn)(void);
typedef void (*ov_free_fn)(const char *);

typedef ov_status_t (*ov_core_create_fn)(ov_core_t **);
typedef void (*ov_core_free_fn)(ov_core_t *);
typedef ov_status_t (*ov_core_read_model_from_memory_buffer_fn)(
    const ov_core_t *, const char *, size_t, const ov_tensor_t *, ov_model_t **);
typedef void (*ov_model_free_fn)(ov_model_t *);
typedef void (*ov_compiled_model_free_fn)(ov_compiled_model_t *);
typedef ov_status_t (*ov_compiled_model_size_fn)(const ov_compiled_model_t *, size_t *);
typedef ov_status_t (*ov_compiled_model_port_fn)(const ov_compiled_model_t *, size_t, ov_output_const_port_t **);
typedef ov_status_t (*ov_port_get_any_name_fn)(const ov_output_const_port_t *, char **);
typedef void (*ov_output_const_port_free_fn)(ov_output_const_port_t *);

// The value is to be given to ov_free.
typedef ov_status_t (*ov_compiled_model_get_property_fn)(const ov_compiled_model_t *, const char *, char **);
typedef ov_status_t (*ov_compiled_model_create_infer_request_fn)(const ov_compiled_model_t *, ov_infer_request_t **);
typedef ov_status_t (*ov_infer_request_set_tensor_fn)(ov_infer_request_t *, const char *, const ov_tensor_t *);
typedef ov_status_t (*ov_infer_request_get_tensor_fn)(const ov_infer_request_t *, const char *, ov_tensor_t **);
typedef ov_status_t (*ov_infer_request_infer_fn)(ov_infer_request_t *);
typedef ov_status_t (*ov_infer_request_start_async_fn)(ov_infer_request_t *);
typedef ov_status_t (*ov_infer_request_wait_fn)(ov_infer_request_t *);
typedef void (*ov_infer_request_free_fn)(ov_infer_request_t *);

typedef ov_status_t (*ov_tensor_create_fn)(int32_t, ov_shape_t, ov_tensor_t **);
typedef ov_status_t (*ov_tensor_create_from_host_ptr_fn)(int32_t, ov_shape_t, void *, ov_tensor_t **);
typedef ov_status_t (*ov_tensor_get_shape_fn)(const ov_tensor_t *, ov_shape_t *);
typedef ov_status_t (*ov_shape_free_fn)(ov_shape_t *);
typedef ov_status_t (*ov_tensor_get_element_type_fn)(const ov_tensor_t *, int32_t *);
typedef ov_status_t (*ov_tensor_get_byte_size_fn)(const ov_tensor_t *, size_t *);
typedef ov_status_t (*ov_tensor_data_fn)(const ov_tensor_t *, void **);
typedef void (*ov_tensor_free_fn)(ov_tensor_t *);

// ov_core_compile_model is variadic, which Swift cannot call. `properties` holds `count` pairs of key and value, at
// most six. The unused arguments are passed as NULL: the callee reads only the `2 * count` it is told of.
static inline ov_status_t reviewtui_ov_core_compile_model(
    const void *function, const ov_core_t *core, const ov_model_t *model, const char *device,
    const char *const *properties, size_t count, ov_compiled_model_t **compiled) {
    typedef ov_status_t (*compile_fn)(
        const ov_core_t *, const ov_model_t *, const char *, const size_t, ov_compiled_model_t **, ...);
    const char *p[12] = {0};
    if (count > 6) return -14;  // INVALID_C_PARAM
    for (size_t i = 0; i < 2 * count; i++) p[i] = properties[i];
    return ((compile_fn)function)(core, model, device, 2 * count, compiled, p[0], p[1], p[2], p[3], p[4], p[5], p[6],
                                  p[7], p[8], p[9], p[10], p[11]);
}
