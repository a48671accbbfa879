#include "callback.h"

#include <sodium.h>
#include <string.h>

enum { OLD_BODY_SIZE = 22, BODY_SIZE = 24, MAC_SIZE = 16, TOTAL_SIZE = BODY_SIZE + MAC_SIZE, KEY_SIZE = 32 };
static const int64_t day_ms = 86400000;

bool fam_callback_init(struct fam_callback_signer *signer, const struct fam_secret *bot_token)
{
    static const char purpose[] = "fambot callback 1";
    unsigned char key[KEY_SIZE];
    *signer = (struct fam_callback_signer){0};
    if (sodium_init() < 0) {
        return false;
    }
    crypto_generichash(key, sizeof(key), bot_token->data, bot_token->size, (const unsigned char *)purpose,
                       sizeof(purpose) - 1);
    bool done = fam_secret_set(&signer->key, key, sizeof(key));
    sodium_memzero(key, sizeof(key));
    return done;
}

void fam_callback_done(struct fam_callback_signer *signer)
{
    fam_secret_done(&signer->key);
}

static void make_mac(const struct fam_callback_signer *signer, const unsigned char *body, size_t size, int64_t owner_id,
                     unsigned char ret_mac[MAC_SIZE])
{
    unsigned char input[BODY_SIZE + sizeof(owner_id)];
    memcpy(input, body, size);
    memcpy(input + size, &owner_id, sizeof(owner_id));
    crypto_generichash(ret_mac, MAC_SIZE, input, size + sizeof(owner_id), signer->key.data, signer->key.size);
}

void fam_callback_sign(const struct fam_callback_signer *signer, const struct fam_callback *callback, int64_t owner_id,
                       int64_t now_ms, char ret_data[FAM_CALLBACK_SIZE])
{
    unsigned char bytes[TOTAL_SIZE];
    uint32_t expiry_s = (uint32_t)((now_ms + FAM_CALLBACK_DAYS * day_ms) / 1000);
    bytes[0] = (unsigned char)callback->action;
    bytes[1] = callback->argument;
    for (int i = 0; i < 4; i++) {
        bytes[2 + i] = (unsigned char)(expiry_s >> (24 - 8 * i));
    }
    memcpy(bytes + 6, callback->entry.bytes, 16);
    bytes[22] = (unsigned char)(callback->detail >> 8);
    bytes[23] = (unsigned char)callback->detail;
    make_mac(signer, bytes, BODY_SIZE, owner_id, bytes + BODY_SIZE);
    sodium_bin2base64(ret_data, FAM_CALLBACK_SIZE, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum fam_callback_verdict fam_callback_verify(const struct fam_callback_signer *signer, const char *data,
                                              int64_t owner_id, int64_t now_ms, struct fam_callback *ret_callback)
{
    unsigned char bytes[TOTAL_SIZE], mac[MAC_SIZE];
    size_t size = 0;
    const char *end = NULL;
    if (sodium_base642bin(bytes, sizeof(bytes), data, strlen(data), NULL, &size, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        (size != TOTAL_SIZE && size != OLD_BODY_SIZE + MAC_SIZE) || *end != '\0') {
        return FAM_CALLBACK_FORGED;
    }
    size_t body = size - MAC_SIZE;
    make_mac(signer, bytes, body, owner_id, mac);
    if (sodium_memcmp(mac, bytes + body, MAC_SIZE) != 0) {
        return FAM_CALLBACK_FORGED;
    }
    uint32_t expiry_s = 0;
    for (int i = 0; i < 4; i++) {
        expiry_s = expiry_s << 8 | bytes[2 + i];
    }
    if ((int64_t)expiry_s * 1000 < now_ms) {
        return FAM_CALLBACK_STALE;
    }
    ret_callback->action = (char)bytes[0];
    ret_callback->argument = bytes[1];
    memcpy(ret_callback->entry.bytes, bytes + 6, 16);
    ret_callback->detail = body == BODY_SIZE ? (uint16_t)(bytes[22] << 8 | bytes[23]) : 0;
    return FAM_CALLBACK_VALID;
}
