/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debt whose old value stays sealed keeps nobody from opening that: the quorum that does takes the debt over, which from
 * then on is like any that a release begins, wherever it stands.
 */
#ifndef CEREMONY_SERVER_ROTATION_TAKEN_H
#define CEREMONY_SERVER_ROTATION_TAKEN_H

#include "base/secret.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/debt.h"

/* Inside a change: the open debt of OWED's secret, if it is one whose old value is OWED's and stays sealed, becomes OWED: its
 * ceremony and when it is due.  RET_TAKEN false: there is none, and OWED is as it was. */
enum err_code debt_take(struct session *session, struct debt_row *owed, bool *ret_taken,
    struct err *err) MUST_CHECK;
/* Inside a change, of the debt of a ceremony that gave nothing away, for the reason WHY: it is retired; but where its target was
 * told a value, or may have been, before the ceremony took it over, it goes on as the order's that it was. */
enum err_code debt_void(struct session *session, struct debt_row *debt, const char *why,
    struct err *err) MUST_CHECK;
/* CREDENTIAL, of VERSION with the hash HEADER, goes beside what DEBT has in its escrow.  ERR_BUSY: another session pays it
 * just now. */
enum err_code debt_escrow_add(struct session *session, const struct id *debt,
    const struct secret_id *secret, uint32_t version, const struct digest *header,
    const struct secret *credential, struct err *err) MUST_CHECK;

#endif
