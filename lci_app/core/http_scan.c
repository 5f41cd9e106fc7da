/* Reads a head that is written as everybody writes it, in one pass and without patterns.

   http_head.py is the definition: what it says of a head is true. This says the same of plain heads, at a small part of
   the cost, and refuses nothing: of every head that it is not sure of it says None, and Python decides. Which headers
   somebody has to read, and all bounds, it is told by Python too.

   It reads only from `at` to before `end`, which lie in bytes that its caller holds; it writes only into arrays on the
   stack that have room for as many lines as it counts; and what it returns is allocated by Python. */

#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NAMES = 64, LONGEST_NAME = 31, LINES = 128, DIGITS = 18, LONGEST_HOST = 255 };

typedef unsigned char byte;

typedef struct {
    const byte *start;
    Py_ssize_t size;
} Run;

/* A header that somebody has to read; where the name ends with a dash, every one that begins so. With `words`, only
   where its value holds one of them. */
typedef struct {
    Py_ssize_t size;
    byte text[LONGEST_NAME + 1];
    PyObject *words;
} Name;

typedef struct {
    PyObject_HEAD
    PyObject *methods;
    Py_ssize_t max_head, max_target, max_fields;
    Py_ssize_t names;
    Name name[NAMES];
    /* Which of them begin with that letter, and which can be as long as that: a bit for each. */
    uint64_t by_letter[256];
    uint64_t by_size[LONGEST_NAME + 2];
} Scanner;

/* What the lines of a head say. `plain` are those that nobody has to read, each with the CR LF before it; `marked` the
   names and values of those that Python has to read. */
typedef struct {
    Run plain[LINES + 1];
    Py_ssize_t plains;
    Run marked[2 * LINES];
    Py_ssize_t markeds;
    Run host;
    long long length;
    bool chunked, keep_alive, says_connection;
} Fields;

/* --- bytes ------------------------------------------------------------------------------------------------------- */

enum { IN_TOKEN = 1, IN_TARGET = 2, IN_HOST = 4, IS_DIGIT = 8 };
static byte kinds[256];
/* In lower case, and with a dash for an underscore: many servers take one for the other. */
static byte folded[256];

static void make_tables(void) {
    for (int c = 0; c < 256; c++) {
        bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
        bool word = digit || upper || lower;
        if (word || (c && strchr("!#$%&'*+-.^_`|~", c))) kinds[c] |= IN_TOKEN;
        if (c > ' ' && c < 0x7f && c != '#') kinds[c] |= IN_TARGET;
        if (word || (c && strchr("._~-", c))) kinds[c] |= IN_HOST;
        if (digit) kinds[c] |= IS_DIGIT;
        folded[c] = (byte)(upper ? c + 32 : c == '_' ? '-' : c);
    }
}

static const byte *past(const byte *at, const byte *end, byte kind) {
    while (at < end && kinds[*at] & kind) at++;
    return at;
}

static inline bool begins(const byte *at, const byte *end, const char *text) {
    size_t size = strlen(text);
    return (size_t)(end - at) >= size && memcmp(at, text, size) == 0;
}

static inline bool is(Run run, const char *text) {
    return (size_t)run.size == strlen(text) && memcmp(run.start, text, strlen(text)) == 0;
}

/* Whether it is a value, with no blank around it. */
static bool is_value(Run run) {
    byte bad = 0;
    for (Py_ssize_t i = 0; i < run.size; i++) {
        byte c = run.start[i];
        bad |= (byte)((c < ' ' && c != '\t') | (c == 0x7f));
    }
    if (bad || run.size < 1) return false;
    byte first = run.start[0], last = run.start[run.size - 1];
    return first != ' ' && first != '\t' && last != ' ' && last != '\t';
}

static bool is_host(Run run) {
    const byte *end = run.start + run.size, *port = past(run.start, end, IN_HOST);
    if (port == run.start || port - run.start > LONGEST_HOST) return false;
    return port == end || (*port == ':' && end - port <= 6 && past(port + 1, end, IS_DIGIT) == end);
}

static bool read_length(Run run, long long *length) {
    const byte *end = run.start + run.size;
    if (run.size < 1 || run.size > DIGITS || past(run.start, end, IS_DIGIT) != end) return false;
    *length = 0;
    for (const byte *at = run.start; at < end; at++) *length = *length * 10 + (*at - '0');
    return true;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static bool is_named(Run name, const char *wanted) {
    if ((size_t)name.size != strlen(wanted)) return false;
    for (Py_ssize_t i = 0; i < name.size; i++)
        if (name.start[i] == '_' || folded[name.start[i]] != (byte)wanted[i]) return false;
    return true;
}

static bool holds_one_of(Run value, PyObject *words) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(words); i++) {
        PyObject *word = PyTuple_GET_ITEM(words, i);
        size_t size = (size_t)PyBytes_GET_SIZE(word);
        if (memmem(value.start, (size_t)value.size, PyBytes_AS_STRING(word), size)) return true;
    }
    return false;
}

/* Whether somebody has to read that header. */
static bool is_marked(const Scanner *self, Run name, Run value) {
    Py_ssize_t size = name.size <= LONGEST_NAME ? name.size : LONGEST_NAME + 1;
    uint64_t left = self->by_letter[folded[name.start[0]]] & self->by_size[size];
    for (; left; left &= left - 1) {
        const Name *each = &self->name[__builtin_ctzll(left)];
        Py_ssize_t same = 0;
        while (same < each->size && folded[name.start[same]] == each->text[same]) same++;
        if (same == each->size) return !PyTuple_GET_SIZE(each->words) || holds_one_of(value, each->words);
    }
    return false;
}

/* Note what such a header says; false where it says what only Python understands. */
static bool note(Fields *fields, Run name, Run value) {
    if (is_named(name, "host")) {
        if (fields->host.size || !is_host(value)) return false;
        fields->host = value;
        return true;
    }
    if (is_named(name, "connection")) {
        if (fields->says_connection) return false;
        fields->says_connection = true;
        fields->keep_alive = is(value, "keep-alive");
        return fields->keep_alive || is(value, "close");
    }
    if (is_named(name, "content-length"))
        return fields->length < 0 && !fields->chunked && read_length(value, &fields->length);
    if (is_named(name, "transfer-encoding")) {
        if (fields->length >= 0 || fields->chunked) return false;
        return fields->chunked = is(value, "chunked");
    }
    if (is_named(name, "upgrade") || is_named(name, "expect")) return false;
    fields->marked[fields->markeds++] = name;
    fields->marked[fields->markeds++] = value;
    return true;
}

/* Read all from the CR LF before the first line on; returns where the head ends, NULL where that is not in sight, or a
   line is not as everybody writes it. */
static const byte *read_fields(const Scanner *self, const byte *at, const byte *end, Fields *fields) {
    fields->plains = fields->markeds = fields->host.size = 0;
    fields->length = -1;
    fields->chunked = fields->says_connection = false;
    fields->keep_alive = true;
    const byte *plain = at;
    for (Py_ssize_t line = 0; !begins(at, end, "\r\n\r\n"); line++) {
        if (line == self->max_fields || !begins(at, end, "\r\n")) return NULL;
        Run name = {at + 2, past(at + 2, end, IN_TOKEN) - (at + 2)};
        if (!name.size || !begins(name.start + name.size, end, ": ")) return NULL;
        Run value = {name.start + name.size + 2, 0};
        const byte *stop = memchr(value.start, '\r', (size_t)(end - value.start));
        if (!stop) return NULL;
        value.size = stop - value.start;
        if (!is_value(value)) return NULL;
        if (is_marked(self, name, value)) {
            if (!note(fields, name, value)) return NULL;
            if (at > plain) fields->plain[fields->plains++] = (Run){plain, at - plain};
            plain = stop;
        }
        at = stop;
    }
    if (at > plain) fields->plain[fields->plains++] = (Run){plain, at - plain};
    return at + 4;
}

/* --- what Python gets -------------------------------------------------------------------------------------------- */

static PyObject *bytes_of(Run run) { return PyBytes_FromStringAndSize((const char *)run.start, run.size); }

static PyObject *text_of(Run run) { return PyUnicode_DecodeASCII((const char *)run.start, run.size, NULL); }

static PyObject *joined(const Run *runs, Py_ssize_t count) {
    Py_ssize_t size = 0;
    for (Py_ssize_t i = 0; i < count; i++) size += runs[i].size;
    PyObject *all = PyBytes_FromStringAndSize(NULL, size);
    if (!all) return NULL;
    char *to = PyBytes_AS_STRING(all);
    for (Py_ssize_t i = 0; i < count; i++) {
        memcpy(to, runs[i].start, (size_t)runs[i].size);
        to += runs[i].size;
    }
    return all;
}

/* A tuple of these, whose references it takes; NULL where one of them could not be made. */
static PyObject *tuple_of(PyObject **items, Py_ssize_t count) {
    PyObject *all = PyTuple_New(count);
    bool whole = all != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        whole = whole && items[i];
        if (all) PyTuple_SET_ITEM(all, i, items[i]);
        else Py_XDECREF(items[i]);
    }
    if (!whole) Py_CLEAR(all);
    return all;
}

static PyObject *listed(const Run *runs, Py_ssize_t count) {
    PyObject *items[2 * LINES];
    for (Py_ssize_t i = 0; i < count; i++) items[i] = bytes_of(runs[i]);
    return tuple_of(items, count);
}

/* As much of the buffer as a head may be long. */
static Run head_in(const Scanner *self, PyObject *buffer) {
    if (!PyBytes_Check(buffer)) return (Run){(const byte *)"", 0};
    Py_ssize_t size = PyBytes_GET_SIZE(buffer);
    return (Run){(const byte *)PyBytes_AS_STRING(buffer), size <= self->max_head ? size : self->max_head};
}

static PyObject *request(Scanner *self, PyObject *buffer) {
    const Run head = head_in(self, buffer);
    const byte *at = head.start, *end = at + head.size;
    PyObject *method = NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->methods) && !method; i++) {
        PyObject *each = PyTuple_GET_ITEM(self->methods, i);
        const char *text = PyUnicode_AsUTF8(each);
        if (!text) return NULL;
        if (begins(at, end, text)) method = each;
    }
    if (!method) Py_RETURN_NONE;
    at += PyUnicode_GET_LENGTH(method);
    if (!begins(at, end, " /")) Py_RETURN_NONE;
    Run target = {at + 1, past(at + 1, end, IN_TARGET) - (at + 1)};
    at += 1 + target.size;
    if (target.size > self->max_target || !begins(at, end, " HTTP/1.1")) Py_RETURN_NONE;
    Fields fields;
    end = read_fields(self, at + 9, end, &fields);
    if (!end || !fields.host.size) Py_RETURN_NONE;
    PyObject *said[] = {
        PyLong_FromSsize_t(end - head.start),
        Py_NewRef(method),
        text_of(target),
        text_of(fields.host),
        joined(fields.plain, fields.plains),
        listed(fields.marked, fields.markeds),
        PyLong_FromLongLong(fields.length < 0 ? 0 : fields.length),
        PyBool_FromLong(fields.chunked),
        PyBool_FromLong(fields.keep_alive),
    };
    return tuple_of(said, 9);
}

static PyObject *response(Scanner *self, PyObject *buffer) {
    const Run head = head_in(self, buffer);
    const byte *at = head.start, *end = at + head.size;
    if (!begins(at, end, "HTTP/1.1 ")) Py_RETURN_NONE;
    at += 9;
    if (past(at, end, IS_DIGIT) != at + 3 || at[0] == '0' || !begins(at + 3, end, " ")) Py_RETURN_NONE;
    long status = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
    /* An interim answer may switch protocols; and of a 204 it is not clear what follows. */
    if (status < 200 || status == 204) Py_RETURN_NONE;
    const byte *reason = at + 4, *stop = memchr(reason, '\r', (size_t)(end - reason));
    if (!stop || (stop > reason && !is_value((Run){reason, stop - reason}))) Py_RETURN_NONE;
    Fields fields;
    end = read_fields(self, stop, end, &fields);
    if (!end || fields.host.size) Py_RETURN_NONE;
    PyObject *said[] = {
        PyLong_FromSsize_t(end - head.start),
        PyLong_FromLong(status),
        bytes_of((Run){head.start, stop - head.start}),
        joined(fields.plain, fields.plains),
        listed(fields.marked, fields.markeds),
        fields.length < 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(fields.length),
        PyBool_FromLong(fields.chunked),
        PyBool_FromLong(fields.keep_alive),
    };
    return tuple_of(said, 8);
}

/* --- the type ---------------------------------------------------------------------------------------------------- */

static bool learn(Scanner *self, PyObject *name, PyObject *words) {
    Py_ssize_t size = PyBytes_Check(name) ? PyBytes_GET_SIZE(name) : 0;
    if (self->names == NAMES || size < 1 || size > LONGEST_NAME || !PyTuple_Check(words)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(words); i++)
        if (!PyBytes_Check(PyTuple_GET_ITEM(words, i))) return false;
    uint64_t bit = (uint64_t)1 << self->names;
    Name *new = &self->name[self->names++];
    new->size = size;
    new->words = Py_NewRef(words);
    memcpy(new->text, PyBytes_AS_STRING(name), (size_t)size);
    self->by_letter[new->text[0]] |= bit;
    Py_ssize_t longest = new->text[size - 1] == '-' ? LONGEST_NAME + 1 : size;
    for (Py_ssize_t each = size; each <= longest; each++) self->by_size[each] |= bit;
    return true;
}

static PyObject *new_scanner(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"methods", "marked", "max_head", "max_target", "max_fields", NULL};
    PyObject *methods, *marked, *name, *words;
    Py_ssize_t max_head, max_target, max_fields, place = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!nnn", names, &PyTuple_Type, &methods, &PyDict_Type,
                                     &marked, &max_head, &max_target, &max_fields))
        return NULL;
    Scanner *self = (Scanner *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->methods = Py_NewRef(methods);
    self->max_head = max_head;
    self->max_target = max_target;
    self->max_fields = max_fields;
    bool good = max_head >= 0 && max_fields >= 0 && max_fields <= LINES;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(methods); i++) {
        PyObject *each = PyTuple_GET_ITEM(methods, i);
        good = good && PyUnicode_Check(each) && PyUnicode_IS_ASCII(each);
    }
    while (good && PyDict_Next(marked, &place, &name, &words)) good = learn(self, name, words);
    if (good) return (PyObject *)self;
    Py_DECREF(self);
    PyErr_SetString(PyExc_ValueError, "There are other names and bounds than the scanner has room for.");
    return NULL;
}

static void forget(Scanner *self) {
    PyTypeObject *type = Py_TYPE(self);
    for (Py_ssize_t i = 0; i < self->names; i++) Py_DECREF(self->name[i].words);
    Py_XDECREF(self->methods);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"request", (PyCFunction)request, METH_O, NULL},
    {"response", (PyCFunction)response, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {{Py_tp_new, new_scanner}, {Py_tp_dealloc, forget}, {Py_tp_methods, methods}, {0, NULL}};
static PyType_Spec spec = {"lci_app.core.http_scan.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, slots};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "lci_app.core.http_scan", .m_size = -1};

PyMODINIT_FUNC PyInit_http_scan(void) {
    make_tables();
    PyObject *module = PyModule_Create(&definition);
    PyObject *type = module ? PyType_FromSpec(&spec) : NULL;
    if (!type || PyModule_AddObjectRef(module, "Scanner", type) < 0) Py_CLEAR(module);
    Py_XDECREF(type);
    return module;
}
