#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the name of the user whose access key the profile or the environment names.

By ctypes on libpostern: the token stays in this process and is shared, by the cache, with all others of this
user; nothing is started for a call. `postern api GET /api/v2/users/me` in a subprocess does the same with less code.
"""
import ctypes
import json
import sys


class Request(ctypes.Structure):
    """struct postern_request of <postern.h>; its size tells the library how much of it is known here."""
    _fields_ = [("size", ctypes.c_size_t), ("method", ctypes.c_char_p), ("path", ctypes.c_char_p), ("base", ctypes.c_int),
                ("flags", ctypes.c_uint), ("headers", ctypes.c_void_p), ("headers_n", ctypes.c_size_t),
                ("content_type", ctypes.c_char_p), ("body", ctypes.c_char_p), ("body_n", ctypes.c_size_t),
                ("read", ctypes.c_void_p), ("rewind", ctypes.c_void_p), ("read_user", ctypes.c_void_p),
                ("write", ctypes.c_void_p), ("write_user", ctypes.c_void_p), ("on_headers", ctypes.c_void_p),
                ("body_max", ctypes.c_size_t), ("timeout_ms", ctypes.c_int64), ("retries", ctypes.c_int),
                ("cancel", ctypes.c_void_p)]


class Response(ctypes.Structure):
    """struct postern_response."""
    _fields_ = [("size", ctypes.c_size_t), ("memory", ctypes.c_void_p), ("status", ctypes.c_int),
                ("headers", ctypes.c_void_p), ("headers_n", ctypes.c_size_t), ("body", ctypes.c_void_p),
                ("body_n", ctypes.c_size_t), ("attempts", ctypes.c_int), ("waited_ms", ctypes.c_int64)]


def load():
    lib = ctypes.CDLL("libpostern.so.0")
    lib.postern_open.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
    lib.postern_call.argtypes = [ctypes.c_void_p, ctypes.POINTER(Request), ctypes.POINTER(Response)]
    lib.postern_response_done.argtypes = [ctypes.POINTER(Response)]
    lib.postern_response_done.restype = None
    lib.postern_close.argtypes = [ctypes.c_void_p]
    lib.postern_close.restype = None
    lib.postern_error_message.restype = ctypes.c_char_p
    return lib


def get(lib, client, path):
    """The body of an API's answer; an exception with the library's own explanation."""
    request = Request(size=ctypes.sizeof(Request), path=path.encode(), retries=-1)
    answer = Response(size=ctypes.sizeof(Response))
    try:
        if lib.postern_call(client, request, answer) != 0:
            raise RuntimeError(lib.postern_error_message().decode())
        return json.loads(ctypes.string_at(answer.body, answer.body_n))
    finally:
        lib.postern_response_done(answer)


def main():
    lib = load()
    client = ctypes.c_void_p()
    if lib.postern_open(None, client) != 0:
        sys.exit(lib.postern_error_message().decode())
    try:
        print(get(lib, client, "/api/v2/users/me")["name"])
    except RuntimeError as error:
        sys.exit(str(error))
    finally:
        lib.postern_close(client)


main()
