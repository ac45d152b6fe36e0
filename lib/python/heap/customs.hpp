// SPDX-License-Identifier: BSD-3-Clause
// What the script itself says about saving its objects: types with functions of the script's
// (chkpt.register), classes with __chkpt_save__ and __chkpt_restore__, and objects and variables
// that are not saved at all (chkpt.exclude). An object whose saved value or whose restore function
// leads back to it, or to anything that is only finished after it, is refused: it would be restored
// from half of what it was.
#pragma once

#include "python/ref.hpp"

#include <functional>

#include "python/heap/rebuilder.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Asked at the beginning of each save, with the GIL.
void set_customs(std::function<Customs()> provider);
Customs current_customs();

// From now on this process loads only to save again: nothing of the script is called, neither
// restore functions nor __chkpt_restore__. What they would get is kept and saved once more.
void begin_rehearsal();
bool is_rehearsal();

// Null if the script has said nothing about this type.
Reduce custom_rule(Saver& saver, Rule& rule);
// Whether a __chkpt_restore__ of the script fills such objects, after everything else is there.
bool is_filled_by_script(PyTypeObject* type);
// Refuses a reduce value that takes the object apart again from an excluded object: that one will
// be something else when this is loaded.
void check_not_made_from_excluded(Saver& saver, PyObject* object, const Ref& value);

// The names [(namespace, name, value)] that must be there before `restore` is called with `value`
// to make `object`. Refuses what cannot be complete by then.
Ref needed_before(Saver& saver, PyObject* object, PyObject* restore, PyObject* value);

}  // namespace chkpt::heap
