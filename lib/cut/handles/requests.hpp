// SPDX-License-Identifier: BSD-3-Clause
// Requests in a checkpoint. At a cut every send and collective is complete, so a request is
// complete (its status is saved; it is made again as a complete one), or a receive that nothing has
// matched, or persistent; the last two are made again with their arguments, see postings.hpp. Needs
// the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// The payload of a Request that holds a handle; `form` becomes "done", "posted",
// "held" (a synchronous send that the receiver has not asked for) or "generalized".
Ref describe_request(const Module& module, PyObject* request, std::string* form);

// Fills a blank Request.
void restore_done(const Module& module, PyObject* request, PyObject* payload);
void restore_held(PyObject* request, PyObject* payload);

// A save begins: no request has been described yet.
void forget_described_requests();
// Throws CannotSave if a pending receive has not been described since.
void check_receives_described();
void forget_restored_requests();

}  // namespace chkpt::cut::handles
