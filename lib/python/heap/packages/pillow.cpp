// SPDX-License-Identifier: BSD-3-Clause
// Pillow's images in C, as raw pixels and palette, and what draws on them and gives their pixels.
// Those two tell nobody which image is theirs: their layout is believed if a probe confirms it.
#include <Python.h>

#include <string>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref pillow_core() { return attr(import("PIL.Image"), "core"); }

// A PIL.Image.Image around an image in C, which knows how to take pixels out and put them in.
Ref around(PyObject* image) {
  return call_method(call(attr(import("PIL.Image"), "Image")), "_new", image);
}

bool has_palette(PyObject* mode) {
  const std::string name = utf8(mode);
  return name == "P" || name == "PA";
}

// Raw pixels of mode "1" are bits, which do not tell every value that Pillow keeps for "white".
bool is_bilevel(PyObject* mode) { return utf8(mode) == "1"; }

Ref pixels_of(PyObject* image, PyObject* mode) {
  const Ref picture = around(image);
  if (is_bilevel(mode)) return own(PyBytes_FromObject(call_method(picture, "getdata").get()));
  return call_method(picture, "tobytes");
}

// (mode, size, pixels, mode of the palette | None, palette | None)
Ref rebuild_image(Args args) {
  Ref image = call_method(pillow_core(), "new", args[0], args[1]);
  if (PyBytes_Size(args[2]) > 0)
    call_method(around(image.get()), is_bilevel(args[0]) ? "putdata" : "frombytes", args[2]);
  if (args[3] != Py_None) call_method(image, "putpalette", args[3], args[4]);
  return image;
}
const Rebuilder make_image{"pillow.image", guarded<rebuild_image>};

// How Pillow's PixelAccess and ImagingDraw are laid out.
struct Pixels {
  PyObject_HEAD PyObject* image;
  int flag;  // read only
};
struct Pen {
  PyObject_HEAD PyObject* image;
  unsigned char ink[4];  // given anew with each call
  int flag;              // blends
};

template <class Layout>
bool is_laid_out_so(const Ref& made, const Ref& image) {
  const auto& fields = *reinterpret_cast<const Layout*>(made.get());
  return Py_TYPE(made.get())->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(Layout)) &&
         fields.image == image.get() && fields.flag == 1;
}

void check_layouts() {
  static const bool known = [] {
    const Ref image = call_method(pillow_core(), "new", text("L"), pack(number(1), number(1)));
    return is_laid_out_so<Pixels>(call_method(image, "pixel_access", number(1)), image) &&
           is_laid_out_so<Pen>(call_method(pillow_core(), "draw", image, number(1)), image);
  }();
  if (!known) refuse("Pillow lays out its objects in an unknown way");
}

// (image, flag)
Ref rebuild_draw(Args args) { return call_method(pillow_core(), "draw", args[0], args[1]); }
const Rebuilder make_draw{"pillow.draw", guarded<rebuild_draw>};
Ref rebuild_pixels(Args args) { return call_method(args[0], "pixel_access", args[1]); }
const Rebuilder make_pixels{"pillow.pixels", guarded<rebuild_pixels>};

template <class Layout>
Ref reduce_on_image(const Rebuilder& make, PyObject* object) {
  check_layouts();
  const auto& fields = *reinterpret_cast<const Layout*>(object);
  return reduced(make, pack(fields.image, number(fields.flag)));
}

}  // namespace

Ref reduce_pillow_image(Saver&, PyObject* image, Rule&) {
  const Ref mode = attr(image, "mode"), size = attr(image, "size");
  const bool empty = integer(item(size, 0)) == 0 || integer(item(size, 1)) == 0;
  const Ref pixels = empty ? own(PyBytes_FromStringAndSize("", 0)) : pixels_of(image, mode.get());
  if (!has_palette(mode.get()))
    return reduced(make_image, pack(mode, size, pixels, Py_None, Py_None));
  const Ref kind = call_method(image, "getpalettemode");
  return reduced(make_image,
                 pack(mode, size, pixels, kind, call_method(image, "getpalette", kind, kind)));
}

Ref reduce_pillow_draw(Saver&, PyObject* object, Rule&) {
  return reduce_on_image<Pen>(make_draw, object);
}
Ref reduce_pillow_pixels(Saver&, PyObject* object, Rule&) {
  return reduce_on_image<Pixels>(make_pixels, object);
}

}  // namespace chkpt::heap
