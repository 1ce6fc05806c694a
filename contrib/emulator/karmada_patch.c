/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: patches. Merge patches for everything; strategic ones, which merge lists of named things
 * by their names, for the kinds that are no custom resources.
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/util.h"

#include <string.h>

static void merge(struct json_object *target, struct json_object *patch);

/* The member that tells elements of a list apart, NULL when the list is replaced as a whole. */
static const char *merge_key(const char *member, struct json_object *list) {
        if (!json_object_is_type(js_at(list, 0), json_type_object))
                return NULL;
        if (str_eq(member, "ports"))
                return "containerPort";
        return word_in("containers initContainers env volumes imagePullSecrets", member, false)
                       ? "name"
                       : NULL;
}

static struct json_object *same_element(struct json_object *list, const char *key,
                                        struct json_object *like) {
        struct json_object *wanted = NULL, *have;

        json_object_object_get_ex(like, key, &wanted);
        for (size_t i = 0; wanted && i < js_len(list, ""); i++)
                if (json_object_object_get_ex(js_at(list, i), key, &have) &&
                    json_object_equal(have, wanted))
                        return js_at(list, i);
        return NULL;
}

static void merge_list(struct json_object *list, const char *key, struct json_object *patch) {
        for (size_t i = 0; i < js_len(patch, ""); i++) {
                struct json_object *element = js_at(patch, i),
                                   *old = same_element(list, key, element);

                if (old)
                        merge(old, element);
                else
                        json_object_array_add(list, js_clone(element));
        }
}

static void merge_member(struct json_object *target, const char *name, struct json_object *value) {
        struct json_object *old = NULL;
        const char *key = NULL;

        json_object_object_get_ex(target, name, &old);
        if (json_object_is_type(value, json_type_array) &&
            json_object_is_type(old, json_type_array))
                key = merge_key(name, value);
        if (!value)
                json_object_object_del(target, name);
        else if (key)
                merge_list(old, key, value);
        else if (json_object_is_type(value, json_type_object) &&
                 json_object_is_type(old, json_type_object))
                merge(old, value);
        else
                json_object_object_add(target, name, js_clone(value));
}

static void merge(struct json_object *target, struct json_object *patch) {
        if (!json_object_is_type(patch, json_type_object))
                return;
        js_each_member(patch, name, value) {
                merge_member(target, name, value);
        }
}

int kube_patch(const struct kube_kind *kind, const char *media, struct json_object *object,
               struct json_object *patch) {
        if (media && str_begins(media, "application/merge-patch+json"))
                js_merge_patch(object, patch);
        else if (media && str_begins(media, "application/strategic-merge-patch+json") &&
                 !kind->is_custom)
                merge(object, patch);
        else
                return -EOPNOTSUPP;
        return 0;
}
