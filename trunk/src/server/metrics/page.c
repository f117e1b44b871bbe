// Parts are written whole, each some lines; then come the rows of streams, each a walk over all of
// them that may stop anywhere. All lines of a metric must stand together, which is why it is a walk
// for each.
#include "server/metrics/page.h"
#include "core/mem.h"
#include "core/task.h"
#include "core/version.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    PIECE = 64 * 1024,
    STEPS_MAX = 4096, // streams in one piece: many that are only added up write nothing
    QUEUES_MAX = 16,  // names of helper queues
};

// The labels of a line.
#define LABELS(...)                    \
    (const struct srs_metrics_label[]) \
    {                                  \
        __VA_ARGS__,                   \
        {                              \
            NULL, NULL                 \
        }                              \
    }

static void one_count(struct srs_metrics_text *text, enum srs_metric metric, uint64_t value)
{
    srs_metrics_begin(text, metric);
    srs_metrics_count(text, NULL, value);
}

static void one_real(struct srs_metrics_text *text, enum srs_metric metric, double value)
{
    srs_metrics_begin(text, metric);
    srs_metrics_real(text, NULL, value);
}

// --- as SRS names them --------------------------------------------------------------------------

static void write_about(const struct srs_server *server, struct srs_metrics_text *text)
{
    struct utsname uts = {0};
    char pid[16];
    char major[16];
    (void)uname(&uts);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    (void)snprintf(major, sizeof major, "%d", SRS_VERSION_MAJOR);
    const struct srs_metrics_label node[] = {{"sysname", uts.sysname}, {"nodename", uts.nodename},
                                             {"release", uts.release}, {"version", uts.version},
                                             {"machine", uts.machine}, {NULL, NULL}};
    const struct srs_metrics_label build[] = {{"server", server->id},
                                              {"service", server->service},
                                              {"pid", pid},
                                              {"build_date", __DATE__},
                                              {"major", major},
                                              {"version", SRS_VERSION},
                                              {"code", SRS_CODENAME},
                                              {"label", server->config->exporter.label},
                                              {"tag", server->config->exporter.tag},
                                              {NULL, NULL}};
    srs_metrics_begin(text, SRS_METRIC_NODE_UNAME_INFO);
    srs_metrics_count(text, node, 1);
    srs_metrics_begin(text, SRS_METRIC_BUILD_INFO);
    srs_metrics_count(text, build, 1);
}

static void write_totals(const struct srs_server *server, struct srs_metrics_text *text)
{
    const struct srs_traffic total = srs_stat_total(&server->stat);
    const struct srs_system *system = &server->stat.system;
    one_real(text, SRS_METRIC_CPU_PERCENT, 100.0 * system->self.share);
    one_count(text, SRS_METRIC_MEMORY, (uint64_t)srs_system_rss_bytes(system) / 1024);
    one_count(text, SRS_METRIC_SEND_BYTES, total.out);
    one_count(text, SRS_METRIC_RECEIVE_BYTES, total.in);
    one_count(text, SRS_METRIC_STREAMS, srs_sources_count(server->sources));
    one_count(text, SRS_METRIC_CLIENTS, server->clients.count);
    one_count(text, SRS_METRIC_CLIENTS_TOTAL, server->clients.total);
    one_count(text, SRS_METRIC_CLIENTS_ERRS, server->clients.errors);
}

// --- the server ---------------------------------------------------------------------------------

static srs_usec usec_of(struct timeval time)
{
    return (srs_usec)time.tv_sec * SRS_SEC + time.tv_usec;
}

static void write_machine(const struct srs_server *server, struct srs_metrics_text *text)
{
    static const char *const minutes[] = {"1", "5", "15"};
    const struct srs_system *system = &server->stat.system;
    const struct rusage *usage = &system->rusage.usage;
    srs_metrics_begin(text, SRS_METRIC_UPTIME);
    srs_metrics_time(text, NULL, srs_now() - server->started_at);
    srs_metrics_begin(text, SRS_METRIC_CPU_SECONDS);
    srs_metrics_time(text, NULL, usec_of(usage->ru_utime) + usec_of(usage->ru_stime));
    one_count(text, SRS_METRIC_RESIDENT, (uint64_t)srs_system_rss_bytes(system));
    one_real(text, SRS_METRIC_MACHINE_CPU, system->cpu.share);
    one_real(text, SRS_METRIC_MACHINE_MEMORY, srs_system_memory_share(system));
    srs_metrics_begin(text, SRS_METRIC_MACHINE_LOAD);
    for (size_t i = 0; i < SRS_COUNT(minutes); i++)
        srs_metrics_real(text, LABELS({"minutes", minutes[i]}), system->platform.load[i]);
}

static void write_objects(const struct srs_server *server, struct srs_metrics_text *text)
{
    one_count(text, SRS_METRIC_MEDIA_MEMORY, srs_sources_bytes(server->sources));
    one_count(text, SRS_METRIC_MEDIA_MEMORY_LIMIT, (uint64_t)server->config->media_memory);
    srs_metrics_begin(text, SRS_METRIC_LIVE_OBJECTS);
    for (unsigned i = 0; i < SRS_LIVE_TYPES; i++) {
        long live = srs_live_count((enum srs_live)i);
        srs_metrics_count(text, LABELS({"type", srs_live_name((enum srs_live)i)}),
                          live > 0 ? (uint64_t)live : 0);
    }
}

static void write_results(struct srs_metrics_text *text, enum srs_metric metric, uint64_t done,
                          const char *other, uint64_t others)
{
    srs_metrics_begin(text, metric);
    srs_metrics_count(text, LABELS({"result", "done"}), done);
    srs_metrics_count(text, LABELS({"result", other}), others);
}

static void write_reloads(const struct srs_server *server, struct srs_metrics_text *text)
{
    const struct srs_stat *stat = &server->stat;
    write_results(text, SRS_METRIC_RELOADS, stat->reloads_done, "refused", stat->reloads_refused);
    one_count(text, SRS_METRIC_RELOAD_SUCCESSFUL, !stat->reload_refused);
}

// --- connections --------------------------------------------------------------------------------

static uint64_t traffic_open(const struct srs_traffic *traffic)
{
    return traffic->open;
}

static uint64_t traffic_opened(const struct srs_traffic *traffic)
{
    return traffic->opened;
}

static uint64_t traffic_out(const struct srs_traffic *traffic)
{
    return traffic->out;
}

static uint64_t traffic_in(const struct srs_traffic *traffic)
{
    return traffic->in;
}

static void write_traffic(const struct srs_server *server, struct srs_metrics_text *text,
                          enum srs_metric metric, uint64_t (*get)(const struct srs_traffic *))
{
    const struct srs_stat *stat = &server->stat;
    srs_metrics_begin(text, metric);
    for (unsigned i = 0; i < stat->protocol_count; i++)
        srs_metrics_count(text, LABELS({"protocol", stat->protocols[i].name}),
                          get(&stat->protocols[i].traffic));
}

static void write_connections(const struct srs_server *server, struct srs_metrics_text *text)
{
    const struct srs_stat *stat = &server->stat;
    write_traffic(server, text, SRS_METRIC_CONNECTIONS, traffic_open);
    write_traffic(server, text, SRS_METRIC_CONNECTIONS_TOTAL, traffic_opened);
    one_count(text, SRS_METRIC_CONNECTIONS_LIMIT, (uint64_t)server->config->max_connections);
    one_count(text, SRS_METRIC_REFUSED_CONNECTIONS, server->refused);
    srs_metrics_begin(text, SRS_METRIC_API_REFUSED);
    srs_metrics_count(text, LABELS({"credentials", "missing"}), stat->api_missing);
    srs_metrics_count(text, LABELS({"credentials", "wrong"}), stat->api_wrong);
    srs_metrics_begin(text, SRS_METRIC_LIMITED_CLIENTS);
    for (unsigned i = 0; i < SRS_LIMITS; i++)
        srs_metrics_count(text, LABELS({"limit", srs_limit_name((enum srs_limit)i)}),
                          server->limited[i]);
    write_traffic(server, text, SRS_METRIC_PROTOCOL_SEND_BYTES, traffic_out);
    write_traffic(server, text, SRS_METRIC_PROTOCOL_RECEIVE_BYTES, traffic_in);
    write_results(text, SRS_METRIC_TLS_HANDSHAKES, stat->handshakes_done, "failed",
                  stat->handshakes_failed);
}

// --- clients ------------------------------------------------------------------------------------

static uint64_t kind_now(const struct srs_client_kind *kind)
{
    return kind->now;
}

static uint64_t kind_total(const struct srs_client_kind *kind)
{
    return kind->total;
}

static uint64_t kind_errors(const struct srs_client_kind *kind)
{
    return kind->errors;
}

static uint64_t kind_packets(const struct srs_client_kind *kind)
{
    return kind->seen.packets;
}

static uint64_t kind_skipped(const struct srs_client_kind *kind)
{
    return kind->seen.skipped;
}

static uint64_t kind_jumps(const struct srs_client_kind *kind)
{
    return kind->seen.jumps;
}

static void write_kinds(const struct srs_server *server, struct srs_metrics_text *text)
{
    static const struct {
        uint64_t (*get)(const struct srs_client_kind *kind);
        enum srs_metric metric;
        bool plays; // of no publisher
    } rows[] = {
        {kind_now, SRS_METRIC_SESSIONS, false},
        {kind_total, SRS_METRIC_SESSIONS_TOTAL, false},
        {kind_errors, SRS_METRIC_SESSION_ERRORS, false},
        {kind_packets, SRS_METRIC_SEND_PACKETS, true},
        {kind_skipped, SRS_METRIC_SKIPPED_PACKETS, true},
        {kind_jumps, SRS_METRIC_JUMPS, true},
    };
    const struct srs_clients *clients = &server->clients;
    for (size_t r = 0; r < SRS_COUNT(rows); r++) {
        srs_metrics_begin(text, rows[r].metric);
        for (unsigned i = 0; i < clients->kind_count; i++) {
            const struct srs_client_kind *kind = &clients->kinds[i];
            if (!rows[r].plays || !kind->publish)
                srs_metrics_count(text, LABELS({"type", kind->type}), rows[r].get(kind));
        }
    }
}

static void write_delays(const struct srs_server *server, struct srs_metrics_text *text)
{
    const struct srs_clients *clients = &server->clients;
    for (unsigned pass = 0; pass < 2; pass++) {
        srs_metrics_begin(text, pass == 0 ? SRS_METRIC_JOIN : SRS_METRIC_DELAY);
        for (unsigned i = 0; i < clients->kind_count; i++) {
            const struct srs_client_kind *kind = &clients->kinds[i];
            const struct srs_metrics_label type[] = {{"type", kind->type}, {NULL, NULL}};
            if (!kind->publish)
                srs_metrics_histogram(text, type, pass == 0 ? &kind->seen.join : &kind->seen.delay);
        }
    }
}

// --- errors and callbacks -----------------------------------------------------------------------

static const char *class_of(srs_err err)
{
    static const struct {
        int below;
        const char *name;
    } classes[] = {{2000, "system"}, {2997, "rtmp"}, {4000, "app"},   {5000, "http"},
                   {6000, "rtc"},    {7000, "srt"},  {9000, "server"}};
    for (size_t i = 0; i < SRS_COUNT(classes); i++)
        if ((int)err < classes[i].below)
            return classes[i].name;
    return "user";
}

static void write_errors(const struct srs_server *server, struct srs_metrics_text *text)
{
    size_t at = 0;
    srs_err err = SRS_OK;
    (void)server;
    srs_metrics_begin(text, SRS_METRIC_ERRORS);
    for (uint64_t n = srs_err_counted(&at, &err); n > 0; n = srs_err_counted(&at, &err)) {
        char code[16];
        (void)snprintf(code, sizeof code, "%d", (int)err);
        const struct srs_metrics_label labels[] = {
            {"class", class_of(err)}, {"code", code}, {"name", srs_err_name(err)}, {NULL, NULL}};
        srs_metrics_count(text, labels, n);
    }
}

static void write_callbacks(const struct srs_server *server, struct srs_metrics_text *text)
{
    static const char *const outcomes[] = {"allowed", "refused", "failed", "abandoned", "dropped"};
    _Static_assert(SRS_COUNT(outcomes) == SRS_STAT_OUTCOMES, "one for each");
    const struct srs_stat *stat = &server->stat;
    srs_metrics_begin(text, SRS_METRIC_CALLBACKS);
    for (unsigned i = 0; i < stat->callback_count; i++)
        for (unsigned j = 0; j < SRS_STAT_OUTCOMES; j++) {
            const struct srs_metrics_label labels[] = {
                {"callback", stat->callbacks[i].name}, {"outcome", outcomes[j]}, {NULL, NULL}};
            srs_metrics_count(text, labels, stat->callbacks[i].outcomes[j]);
        }
    static const enum srs_metric passes[] = {
        SRS_METRIC_CALLBACKS_UNDER_WAY, SRS_METRIC_CALLBACKS_WAITING, SRS_METRIC_CALLBACK_SECONDS};
    for (unsigned pass = 0; pass < SRS_COUNT(passes); pass++) {
        srs_metrics_begin(text, passes[pass]);
        for (unsigned i = 0; i < stat->callback_count; i++) {
            const struct srs_metrics_label labels[] = {{"callback", stat->callbacks[i].name},
                                                       {NULL, NULL}};
            if (pass == 0)
                srs_metrics_count(text, labels, stat->callbacks[i].under_way);
            else if (pass == 1)
                srs_metrics_count(text, labels, stat->callbacks[i].waiting);
            else
                srs_metrics_histogram(text, labels, &stat->callbacks[i].took);
        }
    }
}

// --- the runtime --------------------------------------------------------------------------------

static void write_scheduler(const struct srs_server *server, struct srs_metrics_text *text)
{
    const struct srs_co_stats stats = srs_co_stats();
    (void)server;
    srs_metrics_begin(text, SRS_METRIC_SLICES);
    srs_metrics_count(text, LABELS({"kind", "long"}), stats.long_slices);
    srs_metrics_count(text, LABELS({"kind", "preempted"}), stats.preempted);
    srs_metrics_count(text, LABELS({"kind", "stalled"}), stats.stalled);
    one_count(text, SRS_METRIC_TURNS, stats.turns);
    one_count(text, SRS_METRIC_SWITCHES, stats.switches);
    one_count(text, SRS_METRIC_COROUTINES, (uint64_t)stats.coroutines);
    one_count(text, SRS_METRIC_STACKS, (uint64_t)stats.stacks);
}

// Queues of one name are told together.
static size_t collect_queues(struct srs_task_queue_stats all[QUEUES_MAX])
{
    size_t count = 0;
    struct srs_task_queue *queue = NULL;
    while ((queue = srs_task_queue_next(queue)) != NULL) {
        struct srs_task_queue_stats one;
        size_t i = 0;
        srs_task_queue_stats(queue, &one);
        while (i < count && strcmp(all[i].name, one.name) != 0)
            i++;
        if (i == count && count == QUEUES_MAX)
            continue;
        if (i == count)
            all[count++] = (struct srs_task_queue_stats){.name = one.name};
        all[i].pending += one.pending;
        all[i].bytes += one.bytes;
        if (one.oldest != 0 && (all[i].oldest == 0 || one.oldest < all[i].oldest))
            all[i].oldest = one.oldest;
    }
    return count;
}

static void write_helpers(const struct srs_server *server, struct srs_metrics_text *text)
{
    static const enum srs_metric metrics[] = {SRS_METRIC_HELPER_TASKS, SRS_METRIC_HELPER_BYTES,
                                              SRS_METRIC_HELPER_OLDEST};
    struct srs_task_queue_stats all[QUEUES_MAX];
    size_t count = collect_queues(all);
    srs_usec now = srs_now();
    (void)server;
    for (size_t m = 0; m < SRS_COUNT(metrics); m++) {
        srs_metrics_begin(text, metrics[m]);
        for (size_t i = 0; i < count; i++) {
            const struct srs_metrics_label labels[] = {{"queue", all[i].name}, {NULL, NULL}};
            if (metrics[m] == SRS_METRIC_HELPER_OLDEST)
                srs_metrics_time(text, labels, all[i].oldest > 0 ? now - all[i].oldest : 0);
            else
                srs_metrics_count(text, labels, m == 0 ? all[i].pending : all[i].bytes);
        }
    }
}

// --- streams ------------------------------------------------------------------------------------

static uint64_t stream_active(const struct srs_source *source)
{
    return source->publisher != NULL;
}

static uint64_t stream_viewers(const struct srs_source *source)
{
    return source->consumer_count - source->copies;
}

static uint64_t stream_copies(const struct srs_source *source)
{
    return source->copies;
}

static uint64_t stream_in(const struct srs_source *source)
{
    return source->stats.bytes_in;
}

static uint64_t stream_out(const struct srs_source *source)
{
    return source->stats.bytes_out;
}

static uint64_t stream_video(const struct srs_source *source)
{
    return source->stats.video_packets;
}

static uint64_t stream_audio(const struct srs_source *source)
{
    return source->stats.audio_packets;
}

static uint64_t stream_data(const struct srs_source *source)
{
    return source->stats.data_packets;
}

static uint64_t stream_jumps(const struct srs_source *source)
{
    return source->stats.jumps;
}

static uint64_t stream_drops(const struct srs_source *source)
{
    return source->stats.overflows;
}

static uint64_t stream_skipped(const struct srs_source *source)
{
    return source->stats.skipped;
}

static uint64_t stream_held(const struct srs_source *source)
{
    return source->log.bytes;
}

// `oldest` is a lower bound: it moves with the beat.
static uint64_t first_waiting(const struct srs_source *source)
{
    const struct srs_packet_log *log = &source->log;
    if (source->consumer_count == 0 || source->oldest >= log->next)
        return log->next;
    return source->oldest > log->first ? source->oldest : log->first;
}

static uint64_t stream_queue(const struct srs_source *source)
{
    return source->log.next - first_waiting(source);
}

static uint64_t stream_queue_age(const struct srs_source *source)
{
    uint64_t number = first_waiting(source);
    if (number == source->log.next)
        return 0;
    srs_usec age = srs_now() - srs_packet_log_at(&source->log, number)->head.arrived;
    return age > 0 ? (uint64_t)age : 0;
}

static uint64_t stream_delay(const struct srs_source *source)
{
    return (uint64_t)source->stats.delay;
}

enum row_kind { SUM, LARGEST_TIME, TIMES };

static const struct row {
    enum srs_metric metric;
    enum row_kind kind;
    uint64_t (*get)(const struct srs_source *source);
    struct srs_metrics_label labels[2];
} rows[] = {
    {SRS_METRIC_STREAM_ACTIVE, SUM, stream_active, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_VIEWERS, SUM, stream_viewers, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_COPIES, SUM, stream_copies, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_RECEIVE_BYTES, SUM, stream_in, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_SEND_BYTES, SUM, stream_out, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_FRAMES, SUM, stream_video, {{"kind", "video"}}},
    {SRS_METRIC_STREAM_FRAMES, SUM, stream_audio, {{"kind", "audio"}}},
    {SRS_METRIC_STREAM_FRAMES, SUM, stream_data, {{"kind", "data"}}},
    {SRS_METRIC_STREAM_JUMPS, SUM, stream_jumps, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_DROPS, SUM, stream_drops, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_SKIPPED_PACKETS, SUM, stream_skipped, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_HELD_BYTES, SUM, stream_held, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_QUEUE_PACKETS, SUM, stream_queue, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_QUEUE_SECONDS, LARGEST_TIME, stream_queue_age, {{NULL, NULL}}},
    {SRS_METRIC_STREAM_DELAY, TIMES, stream_delay, {{NULL, NULL}}},
};

static void write_value(struct srs_metrics_text *text, const struct row *row, uint64_t value,
                        uint64_t count)
{
    if (row->kind == SUM)
        srs_metrics_count(text, row->labels, value);
    else if (row->kind == LARGEST_TIME)
        srs_metrics_time(text, row->labels, (srs_usec)value);
    else
        srs_metrics_summary(text, count, (srs_usec)value);
}

static void write_stream(struct srs_metrics_page *page, const struct row *row,
                         const struct srs_source *source)
{
    char labels[SRS_METRICS_FIXED];
    uint64_t value = row->get(source);
    if (page->count++ >= SRS_METRICS_STREAMS_MAX) {
        if (row->kind != LARGEST_TIME)
            page->others += value;
        else if (value > page->others)
            page->others = value;
        return;
    }
    srs_metrics_stream_labels(source->vhost, source->app, source->stream, source->id, labels);
    page->text.fixed = labels;
    write_value(&page->text, row, value, source->stats.delayed);
    page->text.fixed = "";
}

static void end_row(struct srs_metrics_page *page, const struct row *row)
{
    // A sum of counters would fall as streams go, and look like a restart to who reads it.
    bool told = strcmp(srs_metric_at(row->metric)->type, "gauge") == 0;
    if (told && page->count > SRS_METRICS_STREAMS_MAX) {
        page->text.fixed = "vhost=\"\",app=\"\",stream=\"~others\"";
        write_value(&page->text, row, page->others, 0);
        page->text.fixed = "";
    }
    page->row++;
    page->begun = false;
}

static void begin_row(struct srs_metrics_page *page, const struct row *row)
{
    if (row == rows || row[-1].metric != row->metric)
        srs_metrics_begin(&page->text, row->metric);
    page->begun = true;
    page->count = 0;
    page->others = 0;
}

// Goes on with the row; the last stream written is kept, so that the walk finds its place.
static void write_row(struct srs_metrics_page *page)
{
    const struct row *row = &rows[page->row];
    struct srs_source *last = page->at;
    struct srs_source *source = last;
    unsigned steps = 0;
    if (!page->begun)
        begin_row(page, row);
    page->at = NULL;
    while ((source = srs_sources_next(page->server->sources, source)) != NULL) {
        write_stream(page, row, source);
        if (++steps == STEPS_MAX || srs_buf_size(&page->text.out) >= PIECE || page->text.err) {
            page->at = srs_source_ref(source);
            break;
        }
    }
    srs_source_unref(last);
    if (page->at == NULL)
        end_row(page, row);
}

// --- the page -----------------------------------------------------------------------------------

static void (*const parts[])(const struct srs_server *server, struct srs_metrics_text *text) = {
    write_about, write_totals, write_machine, write_objects,   write_reloads,   write_connections,
    write_kinds, write_delays, write_errors,  write_callbacks, write_scheduler, write_helpers,
};

void srs_metrics_page_begin(struct srs_metrics_page *page, const struct srs_server *server)
{
    *page = (struct srs_metrics_page){.server = server, .text.fixed = ""};
}

bool srs_metrics_page_next(struct srs_metrics_page *page)
{
    struct srs_metrics_text *text = &page->text;
    while (!text->err && srs_buf_size(&text->out) < PIECE && page->part < SRS_COUNT(parts))
        parts[page->part++](page->server, text);
    while (!text->err && srs_buf_size(&text->out) < PIECE && page->row < SRS_COUNT(rows)) {
        write_row(page);
        if (page->at != NULL)
            break;
    }
    return !text->err && (page->part < SRS_COUNT(parts) || page->row < SRS_COUNT(rows));
}

void srs_metrics_page_end(struct srs_metrics_page *page)
{
    srs_source_unref(page->at);
    page->at = NULL;
    srs_buf_fini(&page->text.out);
}
