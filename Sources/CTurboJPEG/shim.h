#pragma once
#include <turbojpeg.h>

/// A side of a picture decoded at a scaling factor: TJSCALED is a macro over a struct.
static inline int rt_tj_scaled(int side, tjscalingfactor factor) { return TJSCALED(side, factor); }
