/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed versions that are alike.  How far a version can be opened, and whether it should be sealed again, depends
 * on the documents in force and on a few facts of the version: its policy, its quorum, which tokens of which seats it
 * is sealed to, and to which spares their seats handed their shares on.  Versions of one class have these in
 * common; so what is true of one of them, whatever the documents, is true of all, but for its age.
 *
 *	shape = SHA-256(lp8 "halligan/v1 shape" || lp8 policy || lp16 quorum || u16 envelopes || for each, in the
 *	        header's order: lp8 seat || token)
 *	class = SHA-256(lp8 "halligan/v1 class" || shape || u16 spares || for each, in ascending order of its
 *	        token: token || u32 envelope || u8 tested)
 */
#ifndef VAULT_DOCUMENTS_CLASS_H
#define VAULT_DOCUMENTS_CLASS_H

#include "vault/documents/reach.h"

/* What is so from the sealing on.  POLICY is that of the definition which HEADER names, by its name. */
enum err_code class_shape(const struct header *header, const char *policy, struct digest *ret_shape,
    struct err *err) MUST_CHECK;
/* The shape with the COUNT spares of today, which stand in ascending order of their tokens. */
enum err_code class_of(const struct digest *shape, const struct reach_spare *spares, size_t count,
    struct digest *ret_class, struct err *err) MUST_CHECK;

#endif
