// SPDX-License-Identifier: BSD-3-Clause
// Requests in a checkpoint. At a cut every send and collective is complete, so a request is either
// complete (its status is saved; it is made again as a complete one) or a receive that nothing has
// matched (it is posted again into the same Python buffer, in the old order of posting). Needs the
// GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// The payload of a Request that holds a handle; `form` becomes "done" or "receive".
Ref describe_request(const Module& module, PyObject* request, std::string* form);

// Fill a blank Request. A receive is only noted; post_receives() posts it.
void restore_done(const Module& module, PyObject* request, PyObject* payload);
void note_receive(PyObject* request, PyObject* payload);
void post_receives(const Module& module);

// A save begins: no pending receive has been described yet.
void forget_described_receives();
// Throws CannotSave if a pending receive has not been described since.
void check_receives_described();
void forget_restored_requests();

}  // namespace chkpt::cut::handles
