// Lines are taken off the text, words off a line. A word is what blanks leave; numbers are read
// without the C library's, whose texts must be terminated.
#include "server/stat/proc.h"
#include <stddef.h>
#include <string.h>

// --- words --------------------------------------------------------------------------------------

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

// A line without its end; false when there is no more. The last one may lack its end.
static bool take_line(struct srs_span *text, struct srs_span *line)
{
    if (text->size == 0)
        return false;
    const uint8_t *end = memchr(text->bytes, '\n', text->size);
    size_t size = end != NULL ? (size_t)(end - text->bytes) : text->size;
    size_t taken = end != NULL ? size + 1 : size;
    *line = (struct srs_span){text->bytes, size};
    *text = (struct srs_span){text->bytes + taken, text->size - taken};
    return true;
}

static bool take_word(struct srs_span *line, struct srs_span *word)
{
    size_t start = 0;
    while (start < line->size && is_blank(line->bytes[start]))
        start++;
    size_t end = start;
    while (end < line->size && !is_blank(line->bytes[end]))
        end++;
    *word = (struct srs_span){line->bytes + start, end - start};
    *line = (struct srs_span){line->bytes + end, line->size - end};
    return word->size > 0;
}

static bool equals(struct srs_span word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.bytes, text, word.size) == 0;
}

// Decimal, with a sign or without; what is above 64 bits is no number.
static bool read_number(struct srs_span word, int64_t *out)
{
    bool minus = word.size > 0 && word.bytes[0] == '-';
    uint64_t value = 0;
    if (word.size <= minus)
        return false;
    for (size_t i = minus; i < word.size; i++) {
        unsigned digit = (unsigned)word.bytes[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = (int64_t)(minus ? 0 - value : value);
    return true;
}

static bool take_number(struct srs_span *line, int64_t *out)
{
    struct srs_span word;
    return take_word(line, &word) && read_number(word, out);
}

static bool take_numbers(struct srs_span *line, int64_t *const *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!take_number(line, out[i]))
            return false;
    return true;
}

// "0.08", as the kernel writes it: digits, a point, two digits.
static bool take_decimal(struct srs_span *line, double *out)
{
    struct srs_span word;
    int64_t whole = 0;
    int64_t part = 0;
    if (!take_word(line, &word) || word.size < 4 || word.bytes[word.size - 3] != '.')
        return false;
    if (!read_number((struct srs_span){word.bytes, word.size - 3}, &whole) || whole < 0 ||
        !read_number((struct srs_span){word.bytes + word.size - 2, 2}, &part) || part < 0)
        return false;
    *out = (double)whole + (double)part / 100.0;
    return true;
}

// --- processes ----------------------------------------------------------------------------------

// The name may hold blanks and parentheses: it ends with the last of these.
static bool take_comm(struct srs_span *text, char out[SRS_PROC_COMM])
{
    size_t start = 0;
    size_t end = text->size;
    while (start < text->size && text->bytes[start] != '(')
        start++;
    while (end > start && text->bytes[end - 1] != ')')
        end--;
    size_t size = end - start;
    if (size < 2 || size >= SRS_PROC_COMM || memchr(text->bytes + start, '\0', size) != NULL)
        return false;
    memcpy(out, text->bytes + start, size);
    out[size] = '\0';
    *text = (struct srs_span){text->bytes + end, text->size - end};
    return true;
}

bool srs_proc_self_read(struct srs_span text, struct srs_proc_self *out)
{
    struct srs_proc_self self = {0};
    struct srs_span line;
    struct srs_span state;
#define X(name) &self.name,
    int64_t *const numbers[] = {
#include "server/stat/proc_self.def"
    };
#undef X
    if (!take_line(&text, &line) || !take_number(&line, &self.pid) ||
        !take_comm(&line, self.comm) || !take_word(&line, &state) || state.size != 1 ||
        state.bytes[0] < 'A' || state.bytes[0] > 'z')
        return false;
    self.state = (char)state.bytes[0];
    if (!take_numbers(&line, numbers, sizeof numbers / sizeof numbers[0]))
        return false;
    *out = self;
    return true;
}

// --- the machine --------------------------------------------------------------------------------

bool srs_proc_system_read(struct srs_span text, struct srs_proc_system *out)
{
    struct srs_proc_system system = {0};
    struct srs_span line;
    struct srs_span name;
#define X(name) &system.name,
    int64_t *const numbers[] = {
#include "server/stat/proc_system.def"
    };
#undef X
    while (take_line(&text, &line)) {
        if (!take_word(&line, &name) || !equals(name, "cpu"))
            continue;
        if (!take_numbers(&line, numbers, sizeof numbers / sizeof numbers[0]))
            return false;
        *out = system;
        return true;
    }
    return false;
}

// Guests are in the user's time already.
int64_t srs_proc_system_total(const struct srs_proc_system *system)
{
    return system->user + system->nice + system->sys + system->idle + system->iowait + system->irq +
           system->softirq + system->steal;
}

bool srs_proc_memory_read(struct srs_span text, struct srs_proc_memory *out)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {{"MemTotal:", offsetof(struct srs_proc_memory, total)},
                {"MemFree:", offsetof(struct srs_proc_memory, free)},
                {"Buffers:", offsetof(struct srs_proc_memory, buffers)},
                {"Cached:", offsetof(struct srs_proc_memory, cached)},
                {"SwapTotal:", offsetof(struct srs_proc_memory, swap_total)},
                {"SwapFree:", offsetof(struct srs_proc_memory, swap_free)}};
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct srs_proc_memory memory = {0};
    struct srs_span line;
    struct srs_span name;
    unsigned found = 0;
    while (take_line(&text, &line)) {
        if (!take_word(&line, &name))
            continue;
        for (size_t i = 0; i < ROWS; i++) {
            int64_t value = 0;
            if (!equals(name, rows[i].name))
                continue;
            if (!take_number(&line, &value))
                return false;
            memcpy((char *)&memory + rows[i].offset, &value, sizeof value);
            found |= 1U << i;
        }
    }
    if (found != (1U << ROWS) - 1)
        return false;
    *out = memory;
    return true;
}

bool srs_proc_load_read(struct srs_span text, double out[3])
{
    struct srs_span line;
    double load[3];
    if (!take_line(&text, &line) || !take_decimal(&line, &load[0]) ||
        !take_decimal(&line, &load[1]) || !take_decimal(&line, &load[2]))
        return false;
    memcpy(out, load, sizeof load);
    return true;
}

bool srs_proc_uptime_read(struct srs_span text, struct srs_proc_uptime *out)
{
    struct srs_proc_uptime uptime;
    struct srs_span line;
    if (!take_line(&text, &line) || !take_decimal(&line, &uptime.up) ||
        !take_decimal(&line, &uptime.idle))
        return false;
    *out = uptime;
    return true;
}

static bool is_one_of(struct srs_span name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (equals(name, names[i]))
            return true;
    return false;
}

// major minor name, then: reads, merged, sectors, ms, writes, merged, sectors, ms, in flight, ms
// busy.
bool srs_proc_disks_read(struct srs_span text, const char *const *names, size_t count,
                         struct srs_proc_disks *out)
{
    enum { READ_SECTORS = 2, WRITE_SECTORS = 6, BUSY = 9, NUMBERS = 10 };
    struct srs_proc_disks disks = {0};
    struct srs_span line;
    while (take_line(&text, &line)) {
        struct srs_span name;
        int64_t numbers[NUMBERS];
        int64_t device[2];
        if (!take_number(&line, &device[0]) || !take_number(&line, &device[1]) ||
            !take_word(&line, &name))
            return false;
        if (!is_one_of(name, names, count))
            continue;
        for (size_t i = 0; i < NUMBERS; i++)
            if (!take_number(&line, &numbers[i]))
                return false;
        disks.found++;
        disks.read_sectors += numbers[READ_SECTORS];
        disks.write_sectors += numbers[WRITE_SECTORS];
        disks.busy_ms += numbers[BUSY];
    }
    *out = disks;
    return true;
}

// --- the network --------------------------------------------------------------------------------

// "  eth0: 1 2 ...", or "eth0:1 2 ..." where the kernel is old: name, then received bytes and seven
// more, then sent bytes.
static bool read_device(struct srs_span line, struct srs_proc_device *out)
{
    enum { SENT = 8, NUMBERS = 9 };
    int64_t numbers[NUMBERS];
    while (line.size > 0 && is_blank(line.bytes[0]))
        line = (struct srs_span){line.bytes + 1, line.size - 1};
    const uint8_t *colon = line.size > 0 ? memchr(line.bytes, ':', line.size) : NULL;
    size_t size = colon != NULL ? (size_t)(colon - line.bytes) : 0;
    if (size == 0 || size >= sizeof out->name || memchr(line.bytes, '\0', size) != NULL)
        return false;
    struct srs_span rest = {colon + 1, line.size - size - 1};
    for (size_t i = 0; i < NUMBERS; i++)
        if (!take_number(&rest, &numbers[i]))
            return false;
    memcpy(out->name, line.bytes, size);
    out->name[size] = '\0';
    out->received = numbers[0];
    out->sent = numbers[SENT];
    return true;
}

bool srs_proc_device_next(struct srs_span *text, struct srs_proc_device *out)
{
    struct srs_span line;
    while (take_line(text, &line))
        if (read_device(line, out))
            return true;
    return false;
}

// "TCP: inuse 27 orphan 0 tw 55": the number behind a name.
static bool find_number(struct srs_span line, const char *name, int64_t *out)
{
    struct srs_span word;
    while (take_word(&line, &word))
        if (equals(word, name))
            return take_number(&line, out);
    return false;
}

bool srs_proc_sockets_read(struct srs_span text, struct srs_proc_sockets *out)
{
    static const struct {
        const char *line;
        const char *name;
        size_t offset;
    } rows[] = {{"sockets:", "used", offsetof(struct srs_proc_sockets, used)},
                {"TCP:", "tw", offsetof(struct srs_proc_sockets, tcp_wait)},
                {"UDP:", "inuse", offsetof(struct srs_proc_sockets, udp)},
                {"UDP6:", "inuse", offsetof(struct srs_proc_sockets, udp6)}};
    bool found = false;
    struct srs_span line;
    struct srs_span name;
    while (take_line(&text, &line)) {
        if (!take_word(&line, &name))
            continue;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            int64_t value = 0;
            if (!equals(name, rows[i].line) || !find_number(line, rows[i].name, &value))
                continue;
            memcpy((char *)out + rows[i].offset, &value, sizeof value);
            found = true;
        }
    }
    return found;
}

// A line of names, then a line of as many numbers.
bool srs_proc_established_read(struct srs_span text, int64_t *out)
{
    struct srs_span names;
    struct srs_span numbers;
    struct srs_span name;
    struct srs_span number;
    while (take_line(&text, &names)) {
        if (!take_word(&names, &name) || !equals(name, "Tcp:"))
            continue;
        if (!take_line(&text, &numbers) || !take_word(&numbers, &number) || !equals(number, "Tcp:"))
            return false;
        while (take_word(&names, &name) && take_word(&numbers, &number))
            if (equals(name, "CurrEstab"))
                return read_number(number, out);
        return false;
    }
    return false;
}
