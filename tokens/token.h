/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between the ceremony and security keys: a struct of functions over plain bytes.
 * Nothing above it knows which driver is in use: what differs between them, their traits say; tests
 * put fakes behind it that lie.
 *
 * A token holds up to three P-256 keys with one purpose each:
 *	sign	signs statements			(PIV slot 82)
 *	share	opens an officer's envelopes		(PIV slot 83)
 *	release	opens a responder's answers		(PIV slot 84)
 * On a FIDO2 token the sign key is a credential's, and the two others are derived from what the
 * token computes for that credential's hmac-secret: DeriveKeyPair (RFC 9180, 7.1.3) of
 * HKDF(PRF(salt)).  They are in this process while it is open.
 *
 * Life of a token in a command:
 *
 *	list -> open -> info -> bind -> unlock(PIN) -> { sign | agree }* -> close
 *
 * bind says which credential is meant; a token that finds its keys by itself ignores it.
 * open takes no lock that others would notice; unlock begins one exclusive transaction in which
 * the application is selected and the PIN verified, and every operation until close runs in it.
 * The token keeps a reference to the PIN until close, for keys whose policy is PIN always.
 * The number of touches is announced to unlock (token_touches counts them); an operation beyond it
 * is ERR_INTEGRITY: a touch that nobody announced is an alarm, not a retry.
 *
 * Errors of all calls: ERR_TOKEN (the text names token, cause and remedy), ERR_TOKEN_GONE,
 * ERR_TOKEN_ABSENT, ERR_PIN, ERR_PIN_BLOCKED, ERR_TOUCH.
 */
#ifndef TOKENS_TOKEN_H
#define TOKENS_TOKEN_H

#include "base/assertion.h"
#include "base/crypto.h"

enum token_key { TOKEN_SIGN, TOKEN_SHARE, TOKEN_RELEASE, TOKEN_KEYS };
extern const char *const token_key_names[TOKEN_KEYS + 1]; /* "sign", "share", "release", NULL */

/* Values of SP 800-73 / Yubico's metadata and attestation. */
enum pin_policy { PIN_NEVER = 1, PIN_ONCE = 2, PIN_ALWAYS = 3 };
enum touch_policy { TOUCH_NEVER = 1, TOUCH_ALWAYS = 2, TOUCH_CACHED = 3 };

enum {
	TOKEN_READER_MAX = 127,
	TOKENS_MAX = 32,
	TOKEN_CERTIFICATE_MAX = 3072,
	TOKEN_CREDENTIAL_MAX = 512,
	TOKEN_AAGUID_SIZE = 16,
	TOKEN_PIN_MAX = 63,
	TOKEN_HOLDS_SIZE = 192
};

/* A PIV card that is no YubiKey has no serial number.  It is given one, made from its CHUID
 * (tokens/piv/object.h), with the highest bit set, which no serial number of Yubico's has: unique
 * and stable as long as nobody writes another CHUID.  Say "card number", not "serial". */
bool token_serial_is_made(uint32_t serial);

/* What differs between drivers, for those above. */
struct token_traits {
	const char *name;      /* in documents, and after --driver: "piv", "fido2" */
	const char *label;     /* for people: "PIV", "FIDO2" */
	const char *pin_name;  /* "PIV PIN", "FIDO2 PIN" */
	const char *pin_shape; /* of a new one, for people */
	/* Each tells its serial (or made) number; where not, one that tells none is known by its model.
	 * Of two sides of one device, this is the one that is taken unless the other is asked for. */
	bool tells_serial;
	bool managed;   /* it has a PUK and a management key */
	bool derives;   /* share and release key are derived from a credential, not made in slots */
	bool asserts;   /* it signs assertions, not digests */
	bool one_touch; /* one gives a signature and, until close, whatever agree needs */
};

struct token_driver;
struct token_found {
	const struct token_driver *driver; /* set by token_list_all: one of those it was given */
	char reader[TOKEN_READER_MAX + 1]; /* exact reader name */
	uint32_t serial;                   /* 0: the token does not tell */
	uint8_t firmware[3];
	uint8_t aaguid[TOKEN_AAGUID_SIZE]; /* FIDO2: the model */
	char problem[128];                 /* why it cannot be used, or "" */
	bool busy;                         /* ... since another program holds it: list again */
	bool no_choice;                    /* choose cannot have it: it does not wait for a touch
					    * together with others */
};

struct token_list {
	struct token_found found[TOKENS_MAX];
	size_t count;
};

/* What a token is listed for, so that those that are not meant are asked no more than what tells them
 * apart.  CONTEXT goes to both functions. */
enum token_fit {
	TOKEN_MISFIT,
	TOKEN_FITS,     /* it may be the one, as others may that were not seen yet */
	TOKEN_IS_MEANT, /* no other may, whatever else is plugged in */
};
struct token_seek {
	const void *context;
	/* May a token of such a driver with SERIAL be meant?  0: one that does not tell, or any. */
	bool (*may_be)(const void *context, const struct token_traits *traits, uint32_t serial);
	/* FOUND can be used; its driver is not set. */
	enum token_fit (*fits)(const void *context, const struct token_traits *traits,
	    const struct token_found *found);
};

/* Where what is known of a key comes from. */
enum token_key_source {
	TOKEN_KEY_UNKNOWN,   /* the card does not tell: there may be a key, or none */
	TOKEN_KEY_METADATA,  /* firmware >= 5.3; no key is known too */
	TOKEN_KEY_ATTESTED,  /* the card attests it (firmware >= 4.3); nothing is verified here */
	TOKEN_KEY_CERTIFIED, /* only a certificate in the slot names it: whoever has the management
			      * key could have put it there; POLICIES and GENERATED are unknown */
};

struct token_key_info {
	bool present;
	uint8_t slot;
	enum token_key_source source;
	struct point key;    /* valid when present; zero when it is not one of P-256 */
	bool generated;      /* made on the card, not imported */
	enum pin_policy pin; /* 0 unknown */
	enum touch_policy touch;
	bool certificate; /* the slot's data object is not empty: somebody uses the slot */
	/* What generate with OVERWRITE would destroy, for a question: "a key that was made on it,
	 * and the certificate of CN=ada"; "" when the slot is empty for certain. */
	char holds[TOKEN_HOLDS_SIZE];
};

/* A FIDO2 credential, as enrolment made it and the charter names it. */
struct token_credential {
	uint8_t id[TOKEN_CREDENTIAL_MAX];
	size_t size;
	struct digest salt; /* of the enrolment; the PRF's salts are made from it */
	struct point key;   /* the sign key */
};

/* What makes a FIDO2 credential. */
struct token_wish {
	const char *name;   /* shown by the token, if it has a screen */
	struct digest user; /* handle */
	struct digest client_data_hash;
	struct digest salt;
};
struct token_made {
	struct token_credential credential;
	struct buf authdata, signature; /* of the packed attestation statement */
	struct buf certificate;         /* DER of the leaf; the attestation's other certificates: */
	struct buf others;              /* DER, one after the other */
};
void token_made_done(struct token_made *made);

/* A signature, DER; AUTHDATA is empty unless a FIDO2 token signed (base/assertion.h). */
struct token_signature {
	uint8_t der[ECDSA_MAX];
	size_t size;
	uint8_t authdata[ASSERTION_DATA_MAX];
	size_t authdata_size;
};

enum token_reference {
	TOKEN_PIN,
	TOKEN_PUK,
	TOKEN_UNBLOCK, /* PIV: a new PIN with the PUK, which is OLD; also when the PIN is blocked */
};

/* How much is read of it. */
enum token_detail {
	TOKEN_FOR_USE, /* not of PUK, management key, and what else lies in its slots: PUK_..., MANAGEMENT_... and
			* a key's CERTIFICATE and HOLDS tell nothing */
	TOKEN_WHOLE,
};

struct token_info {
	const struct token_traits *traits; /* set by token_get_info */
	char reader[TOKEN_READER_MAX + 1];
	uint32_t serial;
	uint8_t firmware[3];
	bool metadata;            /* firmware >= 5.3: factory values and kinds below are known;
				    * without, false means unknown, never "changed" */
	int pin_tries, puk_tries; /* left; -1 unknown */
	int pin_tries_total;      /* -1 unknown */
	bool pin_missing;         /* FIDO2: no PIN was ever set */
	bool pin_default, puk_default, management_default;
	bool management_protected; /* PIV: the PIN gives the management key (as ykman keeps it) */
	bool uv;                   /* FIDO2: the token verifies the person itself (fingerprint) */
	bool replug;               /* FIDO2: three wrong PINs; it must be plugged in again first */
	uint8_t aaguid[TOKEN_AAGUID_SIZE]; /* FIDO2 */
	uint8_t management_algorithm; /* 03 3DES, 08 AES-128, 0A AES-192, 0C AES-256; 0 unknown */
	struct token_key_info keys[TOKEN_KEYS];
};

/* What the person is told around one touch.  All functions may be NULL. */
struct token_ui {
	void *context;
	/* Before the operation: "touch 1 of 2: sign the approval". */
	void (*touch)(void *context, unsigned number, unsigned total, const char *purpose);
	/* Every second or so while it blocks. */
	void (*waiting)(void *context, unsigned milliseconds);
	/* At once when it returned well. */
	void (*touched)(void *context);
	/* When another program holds the token: once as soon as that is seen, then every second
	 * or so.  WHO is what probably holds it, "scdaemon (process 4711)", or "another program". */
	void (*busy)(void *context, const char *who, unsigned milliseconds);
};

struct token;

struct token_ops {
	const struct token_traits *traits;
	/* All of this driver's; with SEEK (may be NULL) up to and with the one that is meant, and of one
	 * that may not be meant there may be reader and serial alone. */
	enum err_code (*list)(void *driver, const struct token_seek *seek,
	    struct token_list *ret_list, struct err *err);
	enum err_code (*open)(void *driver, const char *reader, const struct token_ui *ui,
	    void **ret_token, struct err *err);
	/* Wait at most MILLISECONDS until a token may have come or gone, counted from the call (so
	 * list again after each wait, whatever it told).  That pcscd is not there is no error,
	 * and waited out.  May be NULL. */
	enum err_code (
	    *wait)(void *driver, unsigned milliseconds, bool *ret_changed, struct err *err);
	/* Let the person touch the one that is meant among COUNT (2..TOKENS_MAX) tokens of this driver,
	 * none of them open: all blink, the touch spends nothing.  ERR_TOUCH: none was touched within
	 * MILLISECONDS.  May be NULL. */
	enum err_code (*choose)(void *driver, const struct token_found *const *found, size_t count,
	    unsigned milliseconds, size_t *ret_index, struct err *err);
	enum err_code (*info)(void *token, enum token_detail detail, struct token_info *ret_info,
	    struct err *err);
	/* Which credential is meant; FIDO2 only, NULL otherwise.  Kept until close or the next bind. */
	enum err_code (
	    *bind)(void *token, const struct token_credential *credential, struct err *err);
	/* PIN: 6..8 bytes (PIV), 4..63 (FIDO2; NULL when the token verifies the person itself).
	 * Spends a try only on a wrong PIN; refuses (ERR_PIN_BLOCKED) when one try or none is left
	 * unless LAST_TRY.  Refuses a factory PIN (ERR_REFUSED).  ERR_NOT_FOUND: a FIDO2 token that
	 * does not hold the bound credential; the PIN was right. */
	enum err_code (*unlock)(void *token, struct secret *pin, bool last_try, unsigned touches,
	    struct err *err);
	/* ECDH of KEY with PEER (checked again here before it reaches the card): 32 bytes. */
	enum err_code (*agree)(void *token, enum token_key key, const struct point *peer,
	    const char *purpose, struct secret **ret_shared, struct err *err);
	/* ECDSA (DER) over DIGEST by the sign key. */
	enum err_code (*sign)(void *token, const struct digest *digest, const char *purpose,
	    struct token_signature *ret_signature, struct err *err);
	/* DER certificates: attestation of KEY's slot, and of the device (slot F9).  No touch. */
	enum err_code (*attest)(void *token, enum token_key key, struct buf *ret_slot,
	    struct buf *ret_device, struct err *err);
	/* Make KEY on the token: P-256, PIN once, touch always.  Needs the management key
	 * (MANAGEMENT_KEY, 16..32 bytes; NULL for the factory one, or after unlock the one that the
	 * PIN protects; ERR_REFUSED when that is not the right one).  Never overwrites a key or a
	 * certificate in its slot, nor what may be there and cannot be seen (ERR_EXISTS, the text
	 * says what), unless OVERWRITE, which the person must have typed: then both are
	 * destroyed.  No touch. */
	enum err_code (*generate)(void *token, enum token_key key,
	    const struct secret *management_key, bool overwrite, struct point *ret_key,
	    struct err *err);
	/* FIDO2 only, NULL otherwise.  Make a credential, and bind it: one touch.  After unlock. */
	enum err_code (*make)(void *token, const struct token_wish *wish, const char *purpose,
	    struct token_made *ret_made, struct err *err);
	/* FIDO2 only.  The public half of the derived KEY; a touch unless they are derived yet. */
	enum err_code (*derive)(void *token, enum token_key key, const char *purpose,
	    struct point *ret_key, struct err *err);
	/* Change PIN or PUK from OLD to NEW; a FIDO2 token without PIN is given one (OLD NULL).
	 * Before unlock.  ERR_PIN (the text has the tries left), ERR_PIN_BLOCKED: none is left, or
	 * the last one would be spent; ERR_REFUSED: the token's rules, or ours (factory values,
	 * one character repeated, rows like 234567), forbid the new one; ERR_INVALID: a shape that
	 * no PIN has.  PIV without metadata does not tell the PUK's tries (puk_tries -1): ask the
	 * person before any of them may be the last. */
	enum err_code (*change)(void *token, enum token_reference which, const struct secret *old,
	    const struct secret *new, struct err *err);
	/* PIV only.  Replace the management key (OLD; NULL: the factory's, or the one that the PIN
	 * protects) with a random one that the card keeps behind its PIN, where ykman finds it too.
	 * After unlock.  Pulled in the middle, run it again: until it ends, the card keeps every
	 * key that may be the valid one.  ERR_REFUSED: OLD is not it; ERR_EXISTS: something else
	 * is in the place. */
	enum err_code (*protect)(void *token, const struct secret *old, struct err *err);
	void (*close)(void *token);
};

/* A driver and its own state; the production set is { piv, fido2 }. */
struct token_driver {
	const struct token_ops *ops;
	void *driver;
};

/* The calls above, through the ops, for a token of any driver. */
enum err_code token_list_all(const struct token_driver *drivers, size_t count,
    struct token_list *ret_list, struct err *err) MUST_CHECK;
/* The same for SEEK: ends at the token that is meant, and leaves a driver out of which none may be when
 * one of another fits.  When none fits all are listed; what stands of those that may not be meant is
 * enough to say whose they are. */
enum err_code token_list_sought(const struct token_driver *drivers, size_t count,
    const struct token_seek *seek, struct token_list *ret_list, struct err *err) MUST_CHECK;
/* For drivers: FOUND's fit, which is TOKEN_FITS without SEEK, TOKEN_MISFIT when it cannot be used. */
enum token_fit token_seek_fit(const struct token_seek *seek, const struct token_traits *traits,
    const struct token_found *found);
bool token_seek_may_be(const struct token_seek *seek, const struct token_traits *traits,
    uint32_t serial);
/* RET_INFO: as token_get_info() would tell it, which is read to see that FOUND is still there. */
enum err_code token_open(const struct token_found *found, const struct token_ui *ui,
    enum token_detail detail, struct token **ret_token, struct token_info *ret_info,
    struct err *err) MUST_CHECK;
enum err_code token_get_info(struct token *token, enum token_detail detail,
    struct token_info *ret_info, struct err *err) MUST_CHECK;
enum err_code token_unlock(struct token *token, struct secret *pin, bool last_try, unsigned touches,
    struct err *err) MUST_CHECK;
enum err_code token_agree(struct token *token, enum token_key key, const struct point *peer,
    const char *purpose, struct secret **ret_shared, struct err *err) MUST_CHECK;
enum err_code token_sign(struct token *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err) MUST_CHECK;
enum err_code token_attest(struct token *token, enum token_key key, struct buf *ret_slot,
    struct buf *ret_device, struct err *err) MUST_CHECK;
enum err_code token_generate(struct token *token, enum token_key key,
    const struct secret *management_key, bool overwrite, struct point *ret_key,
    struct err *err) MUST_CHECK;
/* The optional ones: ERR_INTERNAL when the driver has none. */
enum err_code token_make(struct token *token, const struct token_wish *wish, const char *purpose,
    struct token_made *ret_made, struct err *err) MUST_CHECK;
enum err_code token_derive(struct token *token, enum token_key key, const char *purpose,
    struct point *ret_key, struct err *err) MUST_CHECK;
enum err_code token_change(struct token *token, enum token_reference which,
    const struct secret *old, const struct secret *new, struct err *err) MUST_CHECK;
enum err_code token_protect(struct token *token, const struct secret *old,
    struct err *err) MUST_CHECK;
/* Nothing to do for a driver that has no bind. */
enum err_code token_bind(struct token *token, const struct token_credential *credential,
    struct err *err) MUST_CHECK;
/* Until a token may have come or gone, for at most MILLISECONDS; drivers without wait never tell. */
enum err_code token_wait(const struct token_driver *drivers, size_t count, unsigned milliseconds,
    bool *ret_changed, struct err *err) MUST_CHECK;
/* Can a touch choose among these COUNT tokens?  Then token_choose says which it was. */
bool token_can_choose(const struct token_found *const *found, size_t count);
enum err_code token_choose(const struct token_found *const *found, size_t count,
    unsigned milliseconds, size_t *ret_index, struct err *err) MUST_CHECK;
/* How many touches so many signatures and agreements cost. */
unsigned token_touches(const struct token *token, unsigned signatures, unsigned agreements);
void token_close(struct token *token); /* accepts NULL */
DESTRUCTOR(token_closep, struct token, token_close)
#define TOKEN CLEANUP(token_closep) struct token

#endif
