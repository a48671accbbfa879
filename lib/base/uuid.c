#include "base/uuid.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"

struct fam_uuid fam_uuid_v7(void)
{
    struct fam_uuid uuid;
    randombytes_buf(uuid.bytes, sizeof(uuid.bytes));
    uint64_t ms = (uint64_t)fam_wall_ms();
    for (int i = 0; i < 6; i++) {
        uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x70);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

static bool is_dash(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void fam_uuid_format(const struct fam_uuid *uuid, char ret_text[FAM_UUID_TEXT_SIZE])
{
    static const char DIGITS[] = "0123456789abcdef";
    char *at = ret_text;
    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        if (is_dash(i)) {
            *at++ = '-';
        }
        *at++ = DIGITS[uuid->bytes[i] >> 4];
        *at++ = DIGITS[uuid->bytes[i] & 15];
    }
    *at = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool fam_uuid_parse(const char *text, struct fam_uuid *ret_uuid)
{
    if (text == NULL || strlen(text) != FAM_UUID_TEXT_SIZE - 1) {
        return false;
    }
    struct fam_uuid uuid;
    for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
        if (is_dash(i) && *text++ != '-') {
            return false;
        }
        int high = digit(*text++);
        int low = digit(*text++);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_uuid = uuid;
    return true;
}

bool fam_uuid_equal(const struct fam_uuid *a, const struct fam_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool fam_uuid_is_nil(const struct fam_uuid *uuid)
{
    static const struct fam_uuid NIL;
    return fam_uuid_equal(uuid, &NIL);
}
