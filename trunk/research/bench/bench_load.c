// bench_load: publishers and players in one process, driven by lines on standard input; each line
// is answered by one line of JSON.
//
//   publish N BITS_PER_S URL [one-gop]
//                               N publishers; with N > 1 the stream names get an index; one-gop:
//                               after the first there are no key frames
//   join N RATE URL [streams M] [sampled S] [rcvbuf B] [accept]
//                               N players, RATE a second, over M streams; answered when all have
//                               media, or with `accept` when all are accepted
//   window begin [plain]        answered when the measured window begins; without `plain` all get a
//                               key frame first, then the publishers pause, so that byte counts
//                               begin at the same byte for everybody
//   window end                  delays and gaps of the sampled players, the tool's own CPU
//   stall N, stalls             N players stop reading; how many the server has cut since
//   finish                      pause, one last frame with a marker, what was lost
//   leave, unpublish, status, quit
//
// A command is answered before the next line is taken. The end of standard input is `quit`.
#include "load_core.h"
#include "load_frame.h"
#include "load_player.h"
#include "load_pub.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_NS       (5 * SRS_NSEC_MS)
#define PUBLISH_LIMIT (15 * SRS_NSEC_S)
#define JOIN_GRACE    (15 * SRS_NSEC_S)
#define DRAIN_NS      (1 * SRS_NSEC_S)     // above the longest delay a good server has
#define GOP_WAIT_NS   (5 * SRS_NSEC_S / 2) // some servers begin at a key frame only
#define SETTLE_NS     (3 * SRS_NSEC_S / 2) // after a pause, before the window
#define LAST_PAUSE_NS (3 * SRS_NSEC_S / 2)
#define LAST_LIMIT    (3 * SRS_NSEC_S)
#define PLAYERS_LIMIT 19000u
#define LINE_BYTES    1024
#define WORDS         16

enum wait_for {
    WAIT_NOTHING,
    WAIT_PUBLISH,
    WAIT_JOIN,
    WAIT_GOP,
    WAIT_DRAIN,
    WAIT_SETTLE,
    WAIT_PAUSE,
    WAIT_LAST,
};

struct load {
    struct srs_load_watch watch; // first: standard input
    struct srs_load_timer tick;
    struct srs_load_loop loop;
    struct srs_load_pubs pubs;
    struct srs_load_players players;
    enum wait_for wait;
    srs_nsec wait_until;
    bool accept_only; // what join waits for
    srs_nsec window_began, window_cpu;
    uint64_t window_bytes;
    char text[LINE_BYTES];
    size_t text_len;
    bool eof, quit;
};

static void fail(const char *why)
{
    printf("{\"ok\":false,\"error\":\"%s\"}\n", why);
}

static void wait_begin(struct load *load, enum wait_for what, srs_nsec limit)
{
    const srs_nsec now = srs_load_now();
    load->wait = what;
    load->wait_until = now + limit;
    srs_load_loop_arm(&load->loop, &load->tick, now + TICK_NS);
}

static void answer_publish(struct load *load)
{
    printf("{\"ok\":true,\"live\":%zu,\"failed\":%zu,\"gop_bytes\":%llu}\n",
           srs_load_pubs_live(&load->pubs), srs_load_pubs_failed(&load->pubs),
           (unsigned long long)load->pubs.gop_bytes);
}

static void answer_join(struct load *load)
{
    struct srs_load_samples first = {0};
    const struct srs_load_count count = srs_load_players_count(&load->players);
    srs_load_players_first_media(&load->players, &first);
    printf("{\"ok\":true,\"started\":%zu,\"playing\":%zu,\"accepted\":%zu,\"closed\":%zu,",
           count.started, count.playing, count.accepted, count.closed);
    srs_load_samples_print("first_media_ms", &first);
    printf("}\n");
    srs_load_samples_fini(&first);
}

static void window_open(struct load *load)
{
    srs_load_players_record(&load->players, true);
    load->window_began = srs_load_now();
    load->window_cpu = srs_load_cpu();
    load->window_bytes = srs_load_players_bytes(&load->players);
    printf("{\"ok\":true}\n");
}

static void window_close(struct load *load)
{
    struct srs_load_record *record = &load->players.record;
    const double ms = (double)SRS_NSEC_MS;
    const double wall = (double)(srs_load_now() - load->window_began);
    const double cpu = (double)(srs_load_cpu() - load->window_cpu);
    const uint64_t bytes = srs_load_players_bytes(&load->players) - load->window_bytes;

    srs_load_players_record(&load->players, false);
    printf("{\"ok\":true,\"seconds\":%.3f,\"tool_cpu\":%.4f,\"late_ms\":%.3f,\"blocked\":%llu,"
           "\"received_mbit_s\":%.2f,",
           wall / (double)SRS_NSEC_S, cpu / wall, (double)load->pubs.late_max / ms,
           (unsigned long long)load->pubs.blocked, (double)bytes * 8e3 / wall);
    srs_load_samples_print("video_ms", &record->video_delay);
    printf(",");
    srs_load_samples_print("audio_ms", &record->audio_delay);
    printf(",\"video_gap_ms\":%.3f,\"audio_gap_ms\":%.3f}\n", (double)record->video_gap / ms,
           (double)record->audio_gap / ms);
}

static void answer_finish(struct load *load)
{
    const struct srs_load_loss loss = srs_load_players_loss(&load->players);
    printf("{\"ok\":true,\"players\":%zu,\"closed\":%zu,\"saw_last\":%zu,\"bytes_median\":%llu,"
           "\"bytes_min\":%llu,\"worst_below\":%.6f,\"sampled\":%zu,\"frames\":%llu,"
           "\"missing\":%llu,\"repeated\":%llu,\"corrupt\":%llu}\n",
           loss.players, loss.closed, loss.saw_last, (unsigned long long)loss.bytes_median,
           (unsigned long long)loss.bytes_min, loss.worst_below, loss.sampled,
           (unsigned long long)loss.frames, (unsigned long long)loss.missing,
           (unsigned long long)loss.repeated, (unsigned long long)loss.corrupt);
}

static bool publish_done(const struct load *load)
{
    return srs_load_pubs_live(&load->pubs) + srs_load_pubs_failed(&load->pubs) == load->pubs.count;
}

static bool join_done(const struct load *load)
{
    // Asked for each tick only while somebody is still to be started: counting walks all players.
    if (load->players.count < load->players.join.count)
        return false;
    const struct srs_load_count count = srs_load_players_count(&load->players);
    const size_t there = load->accept_only ? count.accepted : count.playing;
    return there + count.closed >= count.started;
}

static void waited(struct load *load)
{
    const enum wait_for what = load->wait;
    load->wait = WAIT_NOTHING;
    switch (what) {
    case WAIT_PUBLISH:
        answer_publish(load);
        break;
    case WAIT_JOIN:
        answer_join(load);
        break;
    case WAIT_GOP:
        srs_load_pubs_pause(&load->pubs);
        wait_begin(load, WAIT_DRAIN, DRAIN_NS);
        break;
    case WAIT_DRAIN:
        srs_load_players_mark(&load->players);
        srs_load_pubs_resume(&load->pubs);
        wait_begin(load, WAIT_SETTLE, SETTLE_NS);
        break;
    case WAIT_SETTLE:
        window_open(load);
        break;
    case WAIT_PAUSE:
        srs_load_players_read(&load->players);
        srs_load_pubs_last(&load->pubs);
        wait_begin(load, WAIT_LAST, LAST_LIMIT);
        break;
    case WAIT_LAST:
        answer_finish(load);
        break;
    case WAIT_NOTHING:
        break;
    }
}

static void on_tick(struct srs_load_timer *timer, srs_nsec now)
{
    struct load *load = (struct load *)((char *)timer - offsetof(struct load, tick));
    bool done = now >= load->wait_until;
    if (load->wait == WAIT_PUBLISH)
        done = done || publish_done(load);
    else if (load->wait == WAIT_JOIN)
        done = done || join_done(load);
    else if (load->wait == WAIT_LAST)
        done = done || srs_load_players_saw_last(&load->players);
    if (done)
        waited(load);
    if (load->wait != WAIT_NOTHING)
        srs_load_loop_arm(&load->loop, timer, now + TICK_NS);
}

static unsigned number(const char *word)
{
    char *end = NULL;
    if (word == NULL || *word == '\0')
        return 0;
    unsigned long value = strtoul(word, &end, 10);
    return *end == '\0' && value <= 1u << 30 ? (unsigned)value : 0;
}

static void cmd_publish(struct load *load, char **words, size_t count)
{
    struct srs_load_target target;
    if (count < 4 || number(words[1]) == 0 || number(words[1]) > PLAYERS_LIMIT ||
        number(words[2]) == 0 || !srs_load_target_parse(words[3], &target)) {
        fail("publish N BITS_PER_S URL [one-gop]");
        return;
    }
    load->pubs.one_gop = count > 4 && strcmp(words[4], "one-gop") == 0;
    if (load->pubs.count > 0) {
        fail("there are publishers");
    } else if (!srs_load_pubs_start(&load->pubs, &target, number(words[1]), number(words[2]))) {
        fail("cannot connect");
    } else {
        wait_begin(load, WAIT_PUBLISH, PUBLISH_LIMIT);
    }
}

static bool join_options(struct load *load, struct srs_load_join *join, char **words, size_t count)
{
    load->accept_only = false;
    for (size_t i = 4; i < count; i++) {
        const unsigned value = i + 1 < count ? number(words[i + 1]) : 0;
        if (strcmp(words[i], "accept") == 0) {
            load->accept_only = true;
            continue;
        }
        if (strcmp(words[i], "streams") == 0 && value > 0)
            join->streams = value;
        else if (strcmp(words[i], "sampled") == 0)
            join->sampled = value;
        else if (strcmp(words[i], "rcvbuf") == 0 && value > 0)
            join->rcvbuf = (int)value;
        else
            return false;
        i++;
    }
    return join->sampled <= join->count;
}

static void cmd_join(struct load *load, char **words, size_t count)
{
    struct srs_load_join join = {.streams = 1};
    if (count >= 4) {
        join.count = number(words[1]);
        join.rate = number(words[2]);
    }
    if (join.count == 0 || join.count > PLAYERS_LIMIT || join.rate == 0 ||
        !srs_load_target_parse(words[3], &join.target) ||
        !join_options(load, &join, words, count)) {
        fail("join N RATE URL [streams M] [sampled S] [rcvbuf B] [accept]");
    } else if (load->players.count > 0) {
        fail("there are players");
    } else {
        srs_load_players_join(&load->players, &join);
        wait_begin(load, WAIT_JOIN, (srs_nsec)join.count * SRS_NSEC_S / join.rate + JOIN_GRACE);
    }
}

static void cmd_window(struct load *load, char **words, size_t count)
{
    const bool plain = count >= 3 && strcmp(words[2], "plain") == 0;
    if (count >= 2 && strcmp(words[1], "end") == 0) {
        window_close(load);
    } else if (count < 2 || strcmp(words[1], "begin") != 0) {
        fail("window begin [plain] | window end");
    } else if (plain || load->players.count == 0 || load->pubs.count == 0) {
        load->pubs.late_max = 0;
        window_open(load);
    } else {
        wait_begin(load, WAIT_GOP, GOP_WAIT_NS);
    }
}

static void cmd_stall(struct load *load, char **words, size_t count)
{
    srs_load_players_stall(&load->players, count > 1 ? number(words[1]) : 0);
    printf("{\"ok\":true}\n");
}

static void cmd_stalls(struct load *load, char **words, size_t count)
{
    struct srs_load_samples cuts = {0};
    (void)words;
    (void)count;
    printf("{\"ok\":true,\"stalled\":%zu,", srs_load_players_cuts(&load->players, &cuts));
    srs_load_samples_print("cut_ms", &cuts);
    printf("}\n");
    srs_load_samples_fini(&cuts);
}

static void cmd_finish(struct load *load, char **words, size_t count)
{
    (void)words;
    (void)count;
    srs_load_pubs_pause(&load->pubs);
    wait_begin(load, WAIT_PAUSE, LAST_PAUSE_NS);
}

static void cmd_leave(struct load *load, char **words, size_t count)
{
    (void)words;
    (void)count;
    printf("{\"ok\":true,\"left\":%zu}\n", srs_load_players_leave(&load->players));
}

static void cmd_unpublish(struct load *load, char **words, size_t count)
{
    (void)words;
    (void)count;
    printf("{\"ok\":true,\"left\":%zu}\n", load->pubs.count);
    srs_load_pubs_stop(&load->pubs);
}

static void cmd_status(struct load *load, char **words, size_t count)
{
    const struct srs_load_count players = srs_load_players_count(&load->players);
    (void)words;
    (void)count;
    printf("{\"ok\":true,\"publishers\":%zu,\"started\":%zu,\"playing\":%zu,\"accepted\":%zu,"
           "\"closed\":%zu}\n",
           srs_load_pubs_live(&load->pubs), players.started, players.playing, players.accepted,
           players.closed);
}

static void cmd_quit(struct load *load, char **words, size_t count)
{
    (void)words;
    (void)count;
    printf("{\"ok\":true}\n");
    load->quit = true;
}

static void run_line(struct load *load, char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct load *load, char **words, size_t count);
    } commands[] = {
        {"publish", cmd_publish}, {"join", cmd_join},           {"window", cmd_window},
        {"stall", cmd_stall},     {"stalls", cmd_stalls},       {"finish", cmd_finish},
        {"leave", cmd_leave},     {"unpublish", cmd_unpublish}, {"status", cmd_status},
        {"quit", cmd_quit},
    };
    char *words[WORDS];
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word && count < WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (count == 0)
        return;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(words[0], commands[i].name) == 0) {
            commands[i].run(load, words, count);
            return;
        }
    }
    fail("unknown command");
}

static void on_input(struct srs_load_watch *watch, uint32_t events)
{
    struct load *load = (struct load *)watch;
    const size_t room = sizeof(load->text) - load->text_len;
    (void)events;
    if (room == 0)
        srs_load_die("a line is longer than %d bytes", LINE_BYTES);
    ssize_t got = read(watch->fd, load->text + load->text_len, room);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        srs_load_die("standard input: %s", strerror(errno));
    if (got == 0) {
        load->eof = true;
        srs_load_loop_remove(&load->loop, watch);
    }
    load->text_len += got > 0 ? (size_t)got : 0;
}

// Runs the lines that are there, up to one that has to wait. Between batches of events, so that it
// may free players.
static void run_lines(struct load *load)
{
    while (load->wait == WAIT_NOTHING && !load->quit) {
        char *end = memchr(load->text, '\n', load->text_len);
        if (end == NULL) {
            load->quit = load->eof;
            break;
        }
        *end = '\0';
        run_line(load, load->text);
        const size_t used = (size_t)(end - load->text) + 1;
        load->text_len -= used;
        memmove(load->text, end + 1, load->text_len);
    }
    fflush(stdout);
}

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            srs_load_die("RLIMIT_NOFILE: %s", strerror(errno));
    }
}

int main(void)
{
    static struct load load = {.watch = {.fd = STDIN_FILENO, .ready = on_input},
                               .tick = {.fire = on_tick}};
    raise_limit();
    signal(SIGPIPE, SIG_IGN);
    srs_load_frame_init();
    srs_load_loop_init(&load.loop);
    srs_load_pubs_init(&load.pubs, &load.loop);
    srs_load_players_init(&load.players, &load.loop);
    if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
        srs_load_die("standard input: %s", strerror(errno));
    srs_load_loop_add(&load.loop, &load.watch, EPOLLIN);
    while (!load.quit) {
        srs_load_loop_turn(&load.loop);
        run_lines(&load);
    }
    srs_load_players_leave(&load.players);
    srs_load_pubs_stop(&load.pubs);
    srs_load_samples_fini(&load.players.record.video_delay);
    srs_load_samples_fini(&load.players.record.audio_delay);
    srs_load_loop_fini(&load.loop);
    return 0;
}
