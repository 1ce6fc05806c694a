/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/upload.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/text.h"

/**
 * upload_form() - append a form whose only part is a JSON file.
 * @part: the part's name; @body: the file's bytes. @ret_type: the Content-Type with the boundary, a
 * digest of the body, which the body therefore does not contain.
 * Returns 0; errors as buf_reserve().
 */
int upload_form(const char *part, const char *body, size_t len, struct buf *form,
                char ret_type[UPLOAD_TYPE_SIZE]) {
        char boundary[DIGEST_HEX_SIZE];

        digest_sha256_hex(body, len, boundary);
        (void)buf_printf(form,
                         "--%s\r\nContent-Disposition: form-data; name=\"%s\"; "
                         "filename=\"%s.json\"\r\nContent-Type: application/json\r\n\r\n",
                         boundary, part, part);
        (void)buf_add(form, body, len);
        (void)buf_printf(form, "\r\n--%s--\r\n", boundary);
        (void)snprintf(ret_type, UPLOAD_TYPE_SIZE, "multipart/form-data; boundary=%s", boundary);
        return form->error;
}
