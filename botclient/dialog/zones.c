#include "dialog/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum { HOUR_S = 3600, WEST_MOST = -12, EAST_MOST = 14, TEXT_MAX = 60 };

/* Never reordered: old buttons name zones by their place. Pages of nine. */
static const struct zone {
    const char *name;
    const char *key;
} zones[] = {
    {"Europe/Moscow", FAM_KEY("zone.moscow")},
    {"Europe/Kaliningrad", FAM_KEY("zone.kaliningrad")},
    {"Europe/Samara", FAM_KEY("zone.samara")},
    {"Asia/Yekaterinburg", FAM_KEY("zone.yekaterinburg")},
    {"Asia/Omsk", FAM_KEY("zone.omsk")},
    {"Asia/Novosibirsk", FAM_KEY("zone.novosibirsk")},
    {"Asia/Irkutsk", FAM_KEY("zone.irkutsk")},
    {"Asia/Yakutsk", FAM_KEY("zone.yakutsk")},
    {"Asia/Vladivostok", FAM_KEY("zone.vladivostok")},
    {"Europe/Minsk", FAM_KEY("zone.minsk")},
    {"Europe/Kyiv", FAM_KEY("zone.kyiv")},
    {"Asia/Almaty", FAM_KEY("zone.almaty")},
    {"Asia/Tashkent", FAM_KEY("zone.tashkent")},
    {"Asia/Bishkek", FAM_KEY("zone.bishkek")},
    {"Asia/Tbilisi", FAM_KEY("zone.tbilisi")},
    {"Asia/Yerevan", FAM_KEY("zone.yerevan")},
    {"Asia/Baku", FAM_KEY("zone.baku")},
    {"Asia/Kamchatka", FAM_KEY("zone.kamchatka")},
    {"Europe/London", FAM_KEY("zone.london")},
    {"Europe/Lisbon", FAM_KEY("zone.lisbon")},
    {"Europe/Berlin", FAM_KEY("zone.berlin")},
    {"Europe/Paris", FAM_KEY("zone.paris")},
    {"Europe/Athens", FAM_KEY("zone.athens")},
    {"Europe/Istanbul", FAM_KEY("zone.istanbul")},
    {"Asia/Jerusalem", FAM_KEY("zone.jerusalem")},
    {"Asia/Dubai", FAM_KEY("zone.dubai")},
    {"Asia/Kolkata", FAM_KEY("zone.delhi")},
    {"America/New_York", FAM_KEY("zone.new_york")},
    {"America/Chicago", FAM_KEY("zone.chicago")},
    {"America/Denver", FAM_KEY("zone.denver")},
    {"America/Los_Angeles", FAM_KEY("zone.los_angeles")},
    {"America/Toronto", FAM_KEY("zone.toronto")},
    {"America/Halifax", FAM_KEY("zone.halifax")},
    {"Australia/Sydney", FAM_KEY("zone.sydney")},
    {"Australia/Perth", FAM_KEY("zone.perth")},
    {"Pacific/Auckland", FAM_KEY("zone.auckland")},
};

const char *fam_zone_at(size_t index)
{
    return index < FAM_ARRAY_SIZE(zones) ? zones[index].name : NULL;
}

size_t fam_zone_pages(void)
{
    return (FAM_ARRAY_SIZE(zones) + FAM_ZONES_A_PAGE - 1) / FAM_ZONES_A_PAGE;
}

size_t fam_zone_first_page(Fam__V1__Language language)
{
    return language == FAM__V1__LANGUAGE__LANGUAGE_RU ? 0 : 3;
}

/* Of "Etc/GMT-3", which lies three hours east of UTC. */
static bool is_distance(const char *zone, int *ret_hours)
{
    char *end;
    if (strncmp(zone, "Etc/GMT", 7) != 0 || (zone[7] != '+' && zone[7] != '-') || zone[8] < '0' || zone[8] > '9') {
        return false;
    }
    long hours = strtol(zone + 7, &end, 10);
    *ret_hours = (int)-hours;
    return !*end && *ret_hours >= WEST_MOST && *ret_hours <= EAST_MOST;
}

void fam_zone_name(const struct fam_locale *locale, const char *zone, char ret_name[FAM_ZONE_SIZE])
{
    int hours;
    if (!*zone || strcmp(zone, "Etc/UTC") == 0) { /* nobody has told where the family lives */
        snprintf(ret_name, FAM_ZONE_SIZE, "UTC");
        return;
    }
    if (is_distance(zone, &hours)) {
        snprintf(ret_name, FAM_ZONE_SIZE, "UTC%+d", hours);
        return;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(zones); i++) {
        if (strcmp(zones[i].name, zone) == 0) {
            snprintf(ret_name, FAM_ZONE_SIZE, "%s", fam_locale_text(locale, zones[i].key));
            return;
        }
    }
    snprintf(ret_name, FAM_ZONE_SIZE, "%s", zone);
}

/* "+3", "utc+3", "gmt -5": with a sign, so that no age is taken for a zone. */
static bool parse_distance(const char *plain, char ret_zone[FAM_ZONE_SIZE])
{
    char *end;
    const char *at = plain;
    if (strncmp(at, "utc", 3) == 0 || strncmp(at, "gmt", 3) == 0) {
        at += 3;
    }
    at += strspn(at, " ");
    if ((*at != '+' && *at != '-') || at[1] < '0' || at[1] > '9') {
        return false;
    }
    long hours = strtol(at, &end, 10);
    if (*end || hours < WEST_MOST || hours > EAST_MOST) {
        return false;
    }
    snprintf(ret_zone, FAM_ZONE_SIZE, hours == 0 ? "UTC" : "Etc/GMT%+ld", -hours);
    return true;
}

static bool is_zone_text(const char *text)
{
    size_t size = strlen(text);
    return size < FAM_ZONE_SIZE && size > 0 && !strstr(text, "..") && text[0] != '/' &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

static bool is_city(const struct fam_locales *locales, const struct zone *zone, const char *wanted)
{
    bool found = false;
    for (size_t l = 0; l < fam_locale_count() && !found; l++) {
        char *name = fam_text_normalise(fam_locale_text(fam_locales_get(locales, fam_locale_language(l)), zone->key));
        found = name && strcmp(name, wanted) == 0;
        free(name);
    }
    return found;
}

bool fam_zone_parse(const struct fam_locales *locales, const char *text, char ret_zone[FAM_ZONE_SIZE])
{
    if (strlen(text) > (size_t)TEXT_MAX * 4 || fam_utf8_length(text) > TEXT_MAX) {
        return false;
    }
    char *plain = fam_text_normalise(text);
    bool found = plain && parse_distance(plain, ret_zone);
    for (size_t i = 0; plain && i < FAM_ARRAY_SIZE(zones) && !found; i++) {
        found = is_city(locales, &zones[i], plain);
        if (found) {
            snprintf(ret_zone, FAM_ZONE_SIZE, "%s", zones[i].name);
        }
    }
    free(plain);
    if (!found && strchr(text, '/') && is_zone_text(text)) {
        snprintf(ret_zone, FAM_ZONE_SIZE, "%s", text);
        found = true;
    }
    return found;
}

/* The files of RFC 8536 ("TZif"): the moments at which the offset changes. */
enum { FILE_MAX = 65536, HEADER = 44, TYPE_SIZE = 6 };

struct tz_file {
    unsigned char bytes[FILE_MAX];
    size_t size;
};

static int64_t big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

struct tz_counts {
    size_t is_ut, is_standard, leaps, times, types, chars;
};

static bool read_counts(const struct tz_file *file, size_t at, struct tz_counts *ret_counts)
{
    if (at + HEADER > file->size || memcmp(file->bytes + at, "TZif", 4) != 0) {
        return false;
    }
    size_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        int64_t count = big_endian(file->bytes + at + 20 + 4 * i, 4);
        if (count < 0 || count > FILE_MAX) {
            return false;
        }
        counts[i] = (size_t)count;
    }
    *ret_counts = (struct tz_counts){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return true;
}

/* The second block, with 64-bit times, begins behind the first. */
static bool find_offset(const struct tz_file *file, int64_t unix_s, int32_t *ret_offset_s)
{
    struct tz_counts first, counts;
    if (!read_counts(file, 0, &first) || file->bytes[4] < '2') {
        return false;
    }
    size_t at = HEADER + first.times * 5 + first.types * TYPE_SIZE + first.chars + first.leaps * 8 + first.is_standard +
                first.is_ut;
    if (!read_counts(file, at, &counts) || counts.types == 0) {
        return false;
    }
    size_t times = at + HEADER, indices = times + counts.times * 8, types = indices + counts.times;
    if (types + counts.types * TYPE_SIZE > file->size) {
        return false;
    }
    size_t passed = 0;
    while (passed < counts.times && big_endian(file->bytes + times + 8 * passed, 8) <= unix_s) {
        passed++;
    }
    size_t type = passed == 0 ? 0 : file->bytes[indices + passed - 1];
    if (type >= counts.types) {
        return false;
    }
    *ret_offset_s = (int32_t)big_endian(file->bytes + types + type * TYPE_SIZE, 4);
    return *ret_offset_s > -26 * HOUR_S && *ret_offset_s < 26 * HOUR_S;
}

bool fam_zone_offset(const char *zone, int64_t unix_ms, int32_t *ret_offset_s)
{
    char path[sizeof("/usr/share/zoneinfo/") + FAM_ZONE_SIZE];
    int hours;
    if (is_distance(zone, &hours)) {
        *ret_offset_s = hours * HOUR_S;
        return true;
    }
    if (!is_zone_text(zone)) {
        return false;
    }
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
    FILE *stream = fopen(path, "rbe");
    struct tz_file *file = calloc(1, sizeof(*file));
    bool found = false;
    if (stream && file) {
        file->size = fread(file->bytes, 1, sizeof(file->bytes), stream);
        found = !ferror(stream) && find_offset(file, unix_ms / 1000, ret_offset_s);
    }
    if (stream) {
        fclose(stream);
    }
    free(file);
    return found;
}

static bool local_time(const char *zone, int64_t unix_ms, struct tm *ret_time)
{
    int32_t offset_s = 0;
    bool known = fam_zone_offset(zone, unix_ms, &offset_s);
    time_t seconds = (time_t)(unix_ms / 1000 + (known ? offset_s : 0));
    *ret_time = (struct tm){0};
    gmtime_r(&seconds, ret_time);
    return known;
}

bool fam_zone_clock(const char *zone, int64_t unix_ms, char ret_text[FAM_MOMENT_SIZE])
{
    struct tm time;
    bool known = local_time(zone, unix_ms, &time);
    snprintf(ret_text, FAM_MOMENT_SIZE, "%02d:%02d", time.tm_hour, time.tm_min);
    return known;
}

void fam_zone_date(const struct fam_locale *locale, int year, int month, int day, char ret_text[FAM_MOMENT_SIZE])
{
    char years[16], months[16], days[16];
    snprintf(years, sizeof(years), "%04d", year);
    snprintf(months, sizeof(months), "%02d", month);
    snprintf(days, sizeof(days), "%02d", day);
    const struct fam_arg args[] = {{"year", years}, {"month", months}, {"day", days}};
    fam_locale_format(ret_text, FAM_MOMENT_SIZE, T(locale, "moment.day"), args, 3);
}

static void format_day(const struct fam_locale *locale, const struct tm *time, char ret_text[FAM_MOMENT_SIZE])
{
    fam_zone_date(locale, time->tm_year + 1900, time->tm_mon + 1, time->tm_mday, ret_text);
}

void fam_zone_moment(const struct fam_locale *locale, const char *zone, int64_t unix_ms, char ret_text[FAM_MOMENT_SIZE])
{
    char day[FAM_MOMENT_SIZE], clock[FAM_MOMENT_SIZE];
    struct tm time;
    bool known = local_time(zone, unix_ms, &time);
    format_day(locale, &time, day);
    snprintf(clock, sizeof(clock), "%02d:%02d%s", time.tm_hour, time.tm_min, known ? "" : " UTC");
    const struct fam_arg args[] = {{"day", day}, {"clock", clock}};
    fam_locale_format(ret_text, FAM_MOMENT_SIZE, T(locale, "moment.full"), args, 2);
}

void fam_zone_day(const struct fam_locale *locale, const char *zone, int64_t unix_ms, char ret_text[FAM_MOMENT_SIZE])
{
    struct tm time;
    (void)local_time(zone, unix_ms, &time);
    format_day(locale, &time, ret_text);
}
