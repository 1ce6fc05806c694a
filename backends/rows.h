/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of the services know of each other. */
#pragma once

#include "base/kind.h"

extern const struct service iam_service;
extern const struct service dws_service;
extern const struct service ucs_service;
extern const struct service cse_service;
extern const struct service servicecomb_service;
extern const struct service ems_service;

/* The content of `<project>/`. */
extern const struct place_row project_row;

/* The two trees of a microservice engine, also of an account of their own. */
extern const struct kind microservice;
extern const struct kind configuration;

/* The registry's services: their environments and applications are levels elsewhere too. */
extern const struct call list_microservices;

/* Login to an engine with the cloud's credentials (backends/engine-token.c). */
extern const struct call create_engine_token;
