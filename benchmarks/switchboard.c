/*
 * The hot half of the load generator: many connections (lines) served by one thread with one epoll. switchboard.py is
 * the other half, and says what each function is for.
 *
 * It sends each line's ready-made frame when its turn has come, reads, cuts WebSocket frames, and notes down a row of
 * numbers for each snapshot. Turns that are due come before reads; it reads one line at a time, so no turn waits longer
 * than a read takes. Where there is nothing to do it sleeps until the next turn or the next byte. Whatever is rare
 * (connected, upgraded, a message that somebody waits for, trouble) it leaves to its owner as mail, and returns.
 *
 * It never blocks in a send or a receive, and owns no socket: who opened one closes it. Everything that comes off the
 * wire is checked before it is used. Running out of memory ends the run (-ENOMEM); all other errors are mail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NEVER INT64_MAX
#define READY_AT_ONCE 256         /* lines that one epoll_wait names */
#define GRAIN_NS 200000           /* between two waits: what comes within it is dealt with at once, and wakes nobody */
#define READ_BYTES (256 * 1024)   /* at most, from one line at a time */
#define MAX_FRAME_BYTES (1 << 20) /* far beyond any message; more would be a misreading */
#define MAX_HEAD_BYTES (16 * 1024)

/* ---- what switchboard.py declares likewise ----------------------------------------------------------------------- */

struct role {
    int64_t number; /* of the client, in what is noted down */
    int64_t phase_ns;
    int64_t frame_bytes;
    int64_t stays; /* how many steps it takes its turn before it leaves; negative: to the end */
    int64_t is_still;
    int64_t is_sampled;
};

struct text {
    const uint8_t *bytes;
    int64_t length;
};

struct plan {
    int64_t lines, steps, period_ns;
    const struct role *roles;
    const uint8_t *frames; /* of a line at a step of its own: step_stride and line_stride are bytes */
    int64_t step_stride, line_stride;
    int64_t ping_steps, ack_steps; /* every so many steps of the schedule; 0 for never */
    int64_t is_raw;                /* what arrives is counted, not read; nothing is upgraded */
    uint64_t seed;                 /* of the masks */
    const uint8_t *handling;       /* of each message type: HANDLE_* */
    int64_t snapshot_type;
    uint64_t update_sections; /* a bit for each section kind whose records count as updates */
    int64_t stream_section;   /* the kind whose records are a stream of bits */
    struct text ping, bye, ack_start;
    int64_t *lateness_ns; /* (steps, lines); written at each turn */
    int64_t *first_step;  /* of each line; written at its first turn */
    int64_t *left_ns;     /* of each line; written when it has said its last word */
};

enum { HANDLE_EVENT = 1, HANDLE_MAIL = 2 };

enum mail_kind { CONNECTED, UPGRADED, MESSAGE, UNCONNECTED, UNSENT, LOST, WRONG };

enum wrong { MASKED, FRAGMENTED, TOO_LONG, TOO_SHORT, NO_EVENT_NUMBER, BAD_SNAPSHOT, ENDLESS_HEAD };

struct mail {
    int64_t line, kind;
    int64_t code;   /* errno, where 0 is a part sent, or a connection closed in good order; of WRONG, enum wrong */
    int64_t length; /* of what it brings: the answer to an upgrade, a message */
};

struct snapshot_row {
    int64_t client, arrived_ns, tick, time_ms, ack, digest, flags, updates, bytes;
};

struct kept_row {
    int64_t client, arrived_ns, length;
};

enum table_name { MAIL, MAIL_BYTES, SNAPSHOTS, KEPT, KEPT_BYTES, TABLES };

/* ---- inside ------------------------------------------------------------------------------------------------------ */

struct table { /* bytes that grow */
    uint8_t *bytes;
    size_t used, room;
};

enum stage { ABSENT, CONNECTING, UPGRADING, TALKING, RAW, CLOSED };

struct line {
    enum stage stage;
    int fd;
    bool is_watched; /* by epoll */
    bool is_walking; /* takes its turns */
    bool has_left;
    uint32_t event, acked; /* newest seen, newest acknowledged */
    int64_t spoke_ns;
    struct table rest; /* the beginning of a frame */
};

struct board {
    struct plan plan;
    struct line *lines;
    int epoll;
    struct epoll_event ready[READY_AT_ONCE];
    int ready_count, ready_next;
    int64_t woke_ns; /* from its last wait */
    int64_t start_ns, step, next; /* whose turn it is: `next` at `step`; NEVER before the start */
    uint64_t random;
    bool is_out_of_memory;
    int64_t received_bytes;
    struct table outgoing, tables[TABLES];
    uint8_t buffer[MAX_FRAME_BYTES + READ_BYTES];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t little16(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }

static uint32_t little32(const uint8_t *at) { return little16(at) | little16(at + 2) << 16; }

static uint64_t big(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    for (size_t k = 0; k < width; k++)
        value = value << 8 | at[k];
    return value;
}

/* Append to a table; false where there is no memory. */
static bool append(struct board *board, struct table *table, const void *bytes, size_t length)
{
    if (!length)
        return true;
    if (table->room - table->used < length) {
        size_t room = table->room * 2 + length + 64;
        uint8_t *grown = realloc(table->bytes, room);
        if (!grown) {
            board->is_out_of_memory = true;
            return false;
        }
        table->bytes = grown;
        table->room = room;
    }
    memcpy(table->bytes + table->used, bytes, length);
    table->used += length;
    return true;
}

static int64_t index_of(const struct board *board, const struct line *line) { return line - board->lines; }

static void post(struct board *board, const struct line *line, enum mail_kind kind, int code, const uint8_t *bytes,
                 size_t length)
{
    struct mail mail = {index_of(board, line), kind, code, (int64_t)length};
    if (append(board, &board->tables[MAIL_BYTES], bytes, length))
        append(board, &board->tables[MAIL], &mail, sizeof mail);
}

static void unwatch(struct board *board, struct line *line)
{
    if (line->is_watched)
        epoll_ctl(board->epoll, EPOLL_CTL_DEL, line->fd, NULL);
    line->is_watched = false;
}

static void close_line(struct board *board, struct line *line)
{
    unwatch(board, line);
    line->stage = CLOSED;
    line->is_walking = false;
}

static void lose(struct board *board, struct line *line, enum mail_kind kind, int code)
{
    close_line(board, line);
    post(board, line, kind, code, NULL, 0);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* The generator splitmix64: every seed will do, and one multiplication is as good as random to a server that unmasks. */
static uint32_t random_key(struct board *board)
{
    uint64_t mixed = board->random += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return (uint32_t)(mixed >> 32);
}

/* RFC 6455 section 5.2: final, binary, masked, in the shortest form of three. */
static size_t frame_head(uint8_t head[10], size_t length)
{
    size_t width = length < 126 ? 0 : length < 65536 ? 2 : 8;
    head[0] = 0x82;
    head[1] = (uint8_t)(0x80 | (width == 0 ? length : width == 2 ? 126 : 127));
    for (size_t k = 0; k < width; k++)
        head[2 + k] = (uint8_t)((uint64_t)length >> 8 * (width - 1 - k));
    return 2 + width;
}

/* Add one message to what is about to be sent, as a masked frame. */
static void add_message(struct board *board, struct text start, struct text end)
{
    uint8_t head[10], mask[4];
    size_t length = (size_t)(start.length + end.length);
    uint32_t key = random_key(board);
    memcpy(mask, &key, sizeof mask);
    append(board, &board->outgoing, head, frame_head(head, length));
    append(board, &board->outgoing, mask, sizeof mask);
    size_t begin = board->outgoing.used;
    append(board, &board->outgoing, start.bytes, (size_t)start.length);
    append(board, &board->outgoing, end.bytes, (size_t)end.length);
    for (size_t at = begin; at < board->outgoing.used; at++)
        board->outgoing.bytes[at] ^= mask[(at - begin) % 4];
}

static void add_ack(struct board *board, struct line *line)
{
    uint8_t number[5] = {0xCE}; /* msgpack: four bytes, big-endian, follow */
    for (int k = 0; k < 4; k++)
        number[1 + k] = (uint8_t)(line->event >> 8 * (3 - k));
    add_message(board, board->plan.ack_start, (struct text){number, sizeof number});
    line->acked = line->event;
}

static void add_ping(struct board *board) { add_message(board, board->plan.ping, (struct text){NULL, 0}); }

/* Send what was added, in one piece: the socket must take it whole. */
static void send_added(struct board *board, struct line *line)
{
    size_t length = board->outgoing.used;
    board->outgoing.used = 0;
    if (!length || board->is_out_of_memory || line->stage == CLOSED || line->stage == ABSENT)
        return;
    ssize_t sent = send(line->fd, board->outgoing.bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        post(board, line, UNSENT, errno, NULL, 0);
    else if ((size_t)sent != length)
        post(board, line, UNSENT, 0, NULL, 0);
    line->spoke_ns = now_ns();
}

static bool is_every(int64_t steps, int64_t turn) { return steps > 0 && turn % steps == 0; }

/* A pose, if it moves; its goodbye, if this is its last turn; otherwise signs of life when it is time for them. */
static void take_turn(struct board *board, struct line *line, int64_t late_ns)
{
    const struct plan *plan = &board->plan;
    int64_t index = index_of(board, line);
    const struct role *role = &plan->roles[index];
    if (plan->first_step[index] < 0)
        plan->first_step[index] = board->step;
    plan->lateness_ns[board->step * plan->lines + index] = late_ns;
    int64_t own_step = board->step - plan->first_step[index];
    if (own_step == 0 || !role->is_still)
        append(board, &board->outgoing, plan->frames + own_step * plan->step_stride + index * plan->line_stride,
               (size_t)role->frame_bytes);
    bool is_last = own_step == role->stays;
    if (is_last)
        add_message(board, plan->bye, (struct text){NULL, 0});
    if (!is_last && is_every(plan->ping_steps, board->step + index))
        add_ping(board);
    if (!is_last && is_every(plan->ack_steps, board->step + index) && line->event != line->acked)
        add_ack(board, line);
    send_added(board, line);
    if (is_last) {
        line->is_walking = false;
        line->has_left = true;
        plan->left_ns[index] = line->spoke_ns;
    }
}

static int64_t next_due_ns(const struct board *board)
{
    const struct plan *plan = &board->plan;
    if (board->start_ns == NEVER || board->step >= plan->steps || plan->lines == 0)
        return NEVER;
    return board->start_ns + board->step * plan->period_ns + plan->roles[board->next].phase_ns;
}

static void next_turn(struct board *board, int64_t late_ns)
{
    struct line *line = &board->lines[board->next];
    if (line->is_walking)
        take_turn(board, line, late_ns);
    if (++board->next == board->plan.lines) {
        board->next = 0;
        board->step++;
    }
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct frame {
    uint8_t opcode;
    const uint8_t *payload;
    size_t length, size; /* of the payload, and with its head */
};

enum cut { WHOLE, UNFINISHED, REFUSED };

/* Find the frame that `bytes` begin with. */
static enum cut cut_frame(const uint8_t *bytes, size_t there, struct frame *frame, enum wrong *why)
{
    if (there < 2)
        return UNFINISHED;
    uint8_t form = bytes[1] & 0x7F;
    size_t width = form == 126 ? 2 : form == 127 ? 8 : 0;
    *frame = (struct frame){.opcode = bytes[0] & 0x0F};
    *why = bytes[1] & 0x80 ? MASKED : !(bytes[0] & 0x80) || !frame->opcode ? FRAGMENTED : TOO_LONG;
    if (*why != TOO_LONG)
        return REFUSED;
    if (there < 2 + width)
        return UNFINISHED;
    uint64_t length = width ? big(bytes + 2, width) : form;
    if (length > MAX_FRAME_BYTES - 10)
        return REFUSED;
    frame->payload = bytes + 2 + width;
    frame->length = (size_t)length;
    frame->size = 2 + width + frame->length;
    return there < frame->size ? UNFINISHED : WHOLE;
}

/* Find the data in a snapshot message: behind the array, the type and the head of a msgpack bin. */
static bool snapshot_data(const struct frame *frame, struct text *data)
{
    if (frame->length < 3)
        return false;
    uint8_t form = frame->payload[2];
    size_t width = form == 0xC4 ? 1 : form == 0xC5 ? 2 : form == 0xC6 ? 4 : 0;
    if (!width || frame->length < 3 + width || big(frame->payload + 3, width) != frame->length - 3 - width)
        return false;
    *data = (struct text){frame->payload + 3 + width, (int64_t)(frame->length - 3 - width)};
    return true;
}

/* Count the records of a stream of predictions, which stand in the lowest bits of its bytes first; -1 where it ends within
 * one. Each is seven numbers: so many ones, a zero, and `orders` bits, and from the fourth prefix on one more each. */
static int64_t count_predictions(const uint8_t *bytes, uint32_t length)
{
    static const uint32_t orders[] = {4, 0, 2, 0, 2, 7, 2};
    uint32_t at = 0, bits = 8 * length;
    int64_t records = 0;
    for (; bits - at >= 8; records++)
        for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
            uint32_t ones = 0;
            for (; at < bits && bytes[at / 8] >> at % 8 & 1; at++)
                ones++;
            at += 1 + orders[k] + (ones > 3 ? ones - 3 : 0);
            if (at > bits)
                return -1;
        }
    return records;
}

/* Walk over the sections behind a snapshot's header, and count the records that are updates; -1 where they do not end
 * where the data ends. */
static int64_t count_updates(struct text data, size_t at, const struct plan *plan)
{
    size_t length = (size_t)data.length;
    int64_t updates = 0;
    while (at < length) {
        if (length - at < 4)
            return -1;
        uint8_t kind = data.bytes[at], stride = data.bytes[at + 1];
        uint32_t count = little16(data.bytes + at + 2);
        at += 4;
        if (length - at < (size_t)stride * count)
            return -1;
        int64_t records = kind == plan->stream_section ? count_predictions(data.bytes + at, count) : count;
        if (records < 0)
            return -1;
        if (kind < 64 && plan->update_sections >> kind & 1)
            updates += records;
        at += (size_t)stride * count;
    }
    return updates;
}

/* Note down a snapshot: tick, room time, ack and digest of four bytes each, flags of one, then sections. */
static bool take_snapshot(struct board *board, const struct role *role, const struct frame *frame, int64_t arrived_ns)
{
    enum { HEADER_BYTES = 17 };
    struct text data;
    if (!snapshot_data(frame, &data) || data.length < HEADER_BYTES)
        return false;
    int64_t updates = count_updates(data, HEADER_BYTES, &board->plan);
    if (updates < 0)
        return false;
    struct snapshot_row row = {
        .client = role->number,
        .arrived_ns = arrived_ns,
        .tick = little32(data.bytes),
        .time_ms = little32(data.bytes + 4),
        .ack = little32(data.bytes + 8),
        .digest = little32(data.bytes + 12),
        .flags = data.bytes[16],
        .updates = updates,
        .bytes = (int64_t)frame->size,
    };
    append(board, &board->tables[SNAPSHOTS], &row, sizeof row);
    if (role->is_sampled) {
        struct kept_row kept = {role->number, arrived_ns, data.length};
        append(board, &board->tables[KEPT], &kept, sizeof kept);
        append(board, &board->tables[KEPT_BYTES], data.bytes, (size_t)data.length);
    }
    return true;
}

/* Returns what is wrong with a message, or -1. */
static int take_message(struct board *board, struct line *line, const struct frame *frame, int64_t arrived_ns)
{
    const uint8_t *payload = frame->payload;
    size_t type_at = frame->length && payload[0] == 0xDC ? 3 : 1; /* msgpack: an array with two bytes of length */
    if (frame->length <= type_at)
        return TOO_SHORT;
    uint8_t type = payload[type_at], handling = board->plan.handling[type];
    if (type == board->plan.snapshot_type)
        return take_snapshot(board, &board->plan.roles[index_of(board, line)], frame, arrived_ns) ? -1 : BAD_SNAPSHOT;
    if (handling & HANDLE_EVENT) {
        if (frame->length < type_at + 6 || payload[type_at + 1] != 0xCE)
            return NO_EVENT_NUMBER;
        line->event = (uint32_t)big(payload + type_at + 2, 4);
    }
    if (handling & HANDLE_MAIL)
        post(board, line, MESSAGE, 0, payload, frame->length);
    return -1;
}

/* Take whole frames off the front; returns how many bytes that were. Control frames are passed over. */
static size_t take_frames(struct board *board, struct line *line, const uint8_t *bytes, size_t there, int64_t arrived_ns)
{
    size_t taken = 0;
    struct frame frame;
    enum wrong why;
    enum cut cut;
    while ((cut = cut_frame(bytes + taken, there - taken, &frame, &why)) == WHOLE) {
        int found = frame.opcode == 2 ? take_message(board, line, &frame, arrived_ns) : -1;
        if (found >= 0) {
            lose(board, line, WRONG, found);
            return there;
        }
        taken += frame.size;
    }
    if (cut == REFUSED)
        lose(board, line, WRONG, why);
    return taken;
}

/* Take the answer to the upgrade; returns how many bytes that was, 0 while it is not whole. */
static size_t take_head(struct board *board, struct line *line, const uint8_t *bytes, size_t there)
{
    const uint8_t *end = memmem(bytes, there, "\r\n\r\n", 4);
    if (!end) {
        if (there > MAX_HEAD_BYTES)
            lose(board, line, WRONG, ENDLESS_HEAD);
        return 0;
    }
    size_t length = (size_t)(end + 4 - bytes);
    line->stage = TALKING;
    post(board, line, UPGRADED, 0, bytes, length);
    return length;
}

static void take_bytes(struct board *board, struct line *line, size_t there, int64_t arrived_ns)
{
    size_t taken = 0;
    if (line->stage == UPGRADING)
        taken = take_head(board, line, board->buffer, there);
    if (line->stage == TALKING)
        taken += take_frames(board, line, board->buffer + taken, there - taken, arrived_ns);
    line->rest.used = 0;
    if (line->stage != RAW && line->stage != CLOSED)
        append(board, &line->rest, board->buffer + taken, there - taken);
}

/* Read once, at most `most` bytes. */
static void read_line(struct board *board, struct line *line, size_t most)
{
    size_t held = line->rest.used; /* less than one frame, or than one head and what one read brought */
    if (held)
        memcpy(board->buffer, line->rest.bytes, held);
    ssize_t count = recv(line->fd, board->buffer + held, most < READ_BYTES ? most : READ_BYTES, MSG_DONTWAIT);
    int64_t arrived_ns = now_ns();
    if (count > 0) {
        board->received_bytes += count;
        take_bytes(board, line, held + (size_t)count, arrived_ns);
    } else if (count == 0) {
        lose(board, line, LOST, 0);
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(board, line, LOST, errno);
    }
}

static int watch(struct board *board, struct line *line, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)index_of(board, line)};
    if (epoll_ctl(board->epoll, operation, line->fd, &event) < 0)
        return -errno;
    line->is_watched = true;
    return 0;
}

static void finish_connecting(struct board *board, struct line *line)
{
    int failure = 0;
    socklen_t size = sizeof failure;
    if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        failure = errno;
    if (!failure)
        failure = -watch(board, line, EPOLL_CTL_MOD, EPOLLIN);
    if (failure) {
        lose(board, line, UNCONNECTED, failure);
        return;
    }
    line->stage = board->plan.is_raw ? RAW : UPGRADING;
    post(board, line, CONNECTED, 0, NULL, 0);
}

static void serve_line(struct board *board, struct line *line)
{
    if (!line->is_watched)
        return; /* closed or ignored since epoll named it */
    if (line->stage == CONNECTING)
        finish_connecting(board, line);
    else
        read_line(board, line, READ_BYTES);
}

static struct timespec duration(int64_t ns)
{
    int64_t positive = ns > 0 ? ns : 0;
    return (struct timespec){.tv_sec = positive / 1000000000, .tv_nsec = positive % 1000000000};
}

/* Find out which lines are ready, waiting at most so long, or a grain longer. */
static int wait_for_lines(struct board *board, int64_t now, int64_t patience_ns)
{
    int64_t rest_ns = board->woke_ns + GRAIN_NS - now;
    if (patience_ns > 0 && rest_ns > 0) {
        struct timespec rest = duration(rest_ns);
        nanosleep(&rest, NULL);
        patience_ns -= rest_ns;
    }
    struct timespec wait = duration(patience_ns);
    int found = epoll_pwait2(board->epoll, board->ready, READY_AT_ONCE, &wait, NULL);
    board->woke_ns = now_ns();
    board->ready_next = 0;
    board->ready_count = found > 0 ? found : 0;
    return found < 0 && errno != EINTR ? -errno : 0;
}

/* Serve one of the lines that are ready, or else find out which are. */
static int serve(struct board *board, int64_t now, int64_t patience_ns)
{
    if (board->ready_next == board->ready_count)
        return wait_for_lines(board, now, patience_ns);
    serve_line(board, &board->lines[board->ready[board->ready_next++].data.u64]);
    return 0;
}

/* ---- for switchboard.py ------------------------------------------------------------------------------------------ */

void board_free(struct board *board)
{
    for (int64_t k = 0; board->lines && k < board->plan.lines; k++)
        free(board->lines[k].rest.bytes);
    for (int k = 0; k < TABLES; k++)
        free(board->tables[k].bytes);
    free(board->outgoing.bytes);
    free(board->lines);
    if (board->epoll >= 0)
        close(board->epoll);
    free(board);
}

/* Everything that the plan points to must outlive the board. NULL where there is no memory, or no epoll. */
struct board *board_new(const struct plan *plan)
{
    struct board *board = calloc(1, sizeof *board);
    if (!board)
        return NULL;
    board->plan = *plan;
    board->random = plan->seed;
    board->start_ns = NEVER;
    board->epoll = epoll_create1(EPOLL_CLOEXEC);
    board->lines = calloc((size_t)plan->lines, sizeof *board->lines);
    if (board->epoll < 0 || !board->lines) {
        board_free(board);
        return NULL;
    }
    prctl(PR_SET_TIMERSLACK, 1); /* ns: the usual 50 us are as long as a thousand lines have between two turns */
    return board;
}

int board_connect(struct board *board, int64_t index, int fd)
{
    struct line *line = &board->lines[index];
    line->fd = fd;
    line->stage = CONNECTING;
    return watch(board, line, EPOLL_CTL_ADD, EPOLLOUT);
}

void board_send(struct board *board, int64_t index, const uint8_t *bytes, int64_t length)
{
    append(board, &board->outgoing, bytes, (size_t)length);
    send_added(board, &board->lines[index]);
}

void board_say(struct board *board, int64_t index, const uint8_t *payload, int64_t length)
{
    add_message(board, (struct text){payload, length}, (struct text){NULL, 0});
    send_added(board, &board->lines[index]);
}

void board_show_life(struct board *board, int64_t silence_ns)
{
    int64_t now = now_ns();
    for (struct line *line = board->lines; line < board->lines + board->plan.lines; line++) {
        if (line->stage != TALKING || line->has_left)
            continue;
        if (line->event != line->acked)
            add_ack(board, line);
        else if (now - line->spoke_ns > silence_ns)
            add_ping(board);
        send_added(board, line);
    }
}

void board_let_walk(struct board *board, int64_t index) { board->lines[index].is_walking = true; }

void board_start(struct board *board, int64_t start_ns) { board->start_ns = start_ns; }

void board_ignore(struct board *board, int64_t index) { unwatch(board, &board->lines[index]); }

void board_read(struct board *board, int64_t index, int64_t most)
{
    struct line *line = &board->lines[index];
    if (line->stage == TALKING || line->stage == RAW)
        read_line(board, line, (size_t)most);
}

/* Returns 0 when it is time and every turn before `until_ns` was taken, 1 when there is mail, or -errno. */
int board_run(struct board *board, int64_t until_ns)
{
    bool has_served = false;
    while (!board->is_out_of_memory) {
        if (board->tables[MAIL].used)
            return 1;
        int64_t now = now_ns(), due = next_due_ns(board);
        if (due <= now && due < until_ns) {
            next_turn(board, now - due);
        } else if (has_served && now >= until_ns) {
            return 0;
        } else {
            int failed = serve(board, now, (due < until_ns ? due : until_ns) - now);
            if (failed)
                return failed;
            has_served = true;
        }
    }
    return -ENOMEM;
}

/* Holds until the next call of anything else. */
struct text board_view(const struct board *board, enum table_name name)
{
    return (struct text){board->tables[name].bytes, (int64_t)board->tables[name].used};
}

void board_clear_mail(struct board *board) { board->tables[MAIL].used = board->tables[MAIL_BYTES].used = 0; }

int64_t board_received_bytes(const struct board *board) { return board->received_bytes; }
