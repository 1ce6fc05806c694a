/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/fault.h"

#include <strings.h>

#include "base/text.h"

/* A service's own word on what a code means; it overrules the HTTP status. */
struct fault_row {
        const char *service; /* NULL: any */
        const char *code;    /* compared without case; `*` at the end stands for any rest */
        int status;          /* 0: any */
        int error;           /* positive errno */
};

/* Sources: the error tables and notes of each service in the contract; "not found" is often 400. */
static const struct fault_row rows[] = {
        { "dws", "DWS.0001", 400, ENOENT },
        { "dws", "DWS.0047", 0, ENOENT },
        { "dws", "DWS.0015", 403, ENOENT },
        { "dws", "DWS.3027", 0, ENOENT },
        { "dws", "DWS.0102", 400, ENOENT },
        { "dws", "DWS.5149", 0, ENOENT },
        { "dws", "DWS.5111", 0, ENOENT },
        { "dws", "DWS.5021", 0, ENOENT },
        { "dws", "DWS.5022", 0, ENOENT },
        { "dws", "DWS.5023", 0, ENOENT },
        { "dws", "DWS.5135", 0, ENOENT },
        { "dws", "DWS.5191", 0, ENOENT },
        { "dws", "DWS.9999", 500, ENOENT },
        { "dws", "DWS.5050", 0, EEXIST },
        { "dws", "DWS.7023", 0, EBUSY },
        { "dws", "DWS.5194", 0, EDQUOT },
        { "dws", "DWS.5091", 0, EDQUOT },
        { "dws", "DWS.5200", 0, EDQUOT },
        { "cse", "SVCSTG.00501116", 0, ENOENT },
        { "cse", "SVCSTG.00501153", 0, ENOENT },
        { "cse", "SVCSTG.00501125", 0, ENOENT },
        { "cse", "SVCSTG.00401116", 0, ENOENT },
        { "cse", "SVCSTG.00400106", 0, ENOENT },
        { "cse", "SVCSTG.00501111", 0, EEXIST },
        { "cse", "SVCSTG.00400107", 0, EEXIST },
        { "cse", "SVCSTG.00501112", 0, EDQUOT },
        { "cse", "SVCSTG.00501133", 0, EDQUOT },
        { "cse", "SVCSTG.00501117", 0, EBUSY },
        { "cse", "SVCSTG.00300401", 0, EACCES },
        { "servicecomb", "400012", 0, ENOENT },
        { "servicecomb", "400016", 0, ENOENT },
        { "servicecomb", "400017", 0, ENOENT },
        { "servicecomb", "400018", 0, ENOENT },
        { "servicecomb", "400026", 0, ENOENT },
        { "servicecomb", "404001", 0, ENOENT },
        { "servicecomb", "400010", 0, EEXIST },
        { "servicecomb", "400025", 0, EEXIST },
        { "servicecomb", "409001", 0, EEXIST },
        { "servicecomb", "400013", 0, ENOTEMPTY },
        { "servicecomb", "400023", 0, EBUSY },
        { "servicecomb", "400015", 0, EROFS },
        { "servicecomb", "400100", 0, EDQUOT },
        { "servicecomb", "422001", 0, EDQUOT },
        { "servicecomb", "400024", 0, EACCES },
        { "servicecomb", "400002", 0, EIO },
        { "ucs", "UCS.01100004", 0, EEXIST },
        { "ucs", "UCS.01030003", 0, EEXIST },
        { "ucs", "UCS.01080002", 0, EEXIST },
        { "ucs", "UCS.01080006", 0, ENOENT },
        { "ucs", "UCS.01000017", 0, EDQUOT },
        { "ucs", "UCS.01100006", 0, EDQUOT },
        { "ucs", "UCS.01030009", 0, EBUSY },
        { "ems", "ems.00030033", 0, EEXIST },
        { "ems", "ems.00030034", 0, EBUSY },
        { "ems", "ems.00030005", 0, ENOENT },
        { "ems", "ems.00040003", 0, EACCES },
        /* The gateway knows no such API on this host: wrong region, path or version. */
        { NULL, "APIGW.0101", 404, EOPNOTSUPP },
        { NULL, "APIG.0101", 404, EOPNOTSUPP },
};

static const struct {
        int status;
        int error;
} statuses[] = {
        { 400, EINVAL },     { 401, EACCES },       { 403, EACCES }, { 404, ENOENT },
        { 405, EOPNOTSUPP }, { 408, ETIMEDOUT },    { 409, EEXIST }, { 412, ESTALE },
        { 413, EFBIG },      { 414, ENAMETOOLONG }, { 422, EINVAL }, { 429, EBUSY },
};

static bool code_matches(const char *pattern, const char *code) {
        size_t len = strlen(pattern);

        if (len && pattern[len - 1] == '*')
                return strncasecmp(pattern, code, len - 1) == 0;
        return strcasecmp(pattern, code) == 0;
}

/**
 * fault_errno() - the positive errno for an answer that is no success.
 * @code: the service's error code, may be NULL.
 */
int fault_errno(const char *service, int status, const char *code) {
        for (size_t i = 0; code && i < ELEMENTSOF(rows); i++) {
                if (rows[i].service && !text_eq(rows[i].service, service))
                        continue;
                if (rows[i].status && rows[i].status != status)
                        continue;
                if (code_matches(rows[i].code, code))
                        return rows[i].error;
        }
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++)
                if (statuses[i].status == status)
                        return statuses[i].error;
        if (status >= 400 && status < 500)
                return EINVAL;
        return EIO;
}

/** fault_fail() - record in @op what an unsuccessful answer says. Returns the negative errno. */
int fault_fail(struct op *op, const struct call *call, const struct http_response *response) {
        struct http_fault fault = { 0 };
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        const char *request_id;
        int error, r;

        r = http_fault_parse(response, &fault);
        if (r < 0)
                return op_fail(op, EIO, "%s: HTTP %d", call->id, response->status);
        error = fault_errno(call->service, response->status, fault.code);
        if (call->extension &&
            (response->status == 405 || (response->status == 404 && !fault.code))) {
                http_fault_done(&fault);
                return op_fail(op, EPERM, "this server cannot %s", call->extension);
        }
        request_id = fault.request_id ? fault.request_id : response->request_id;
        (void)buf_printf(&text, "%s: HTTP %d", call->id, response->status);
        if (fault.code)
                (void)buf_printf(&text, " %.64s", fault.code);
        if (fault.message)
                (void)buf_printf(&text, ": %.600s", fault.message);
        if (request_id)
                (void)buf_printf(&text, " (request %.100s)", request_id);
        r = op_fail_answer(op, error, response->status, fault.code, request_id, buf_str(&text));
        buf_done(&text);
        http_fault_done(&fault);
        return r;
}
