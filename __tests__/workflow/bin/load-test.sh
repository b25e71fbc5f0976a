#!/usr/bin/env bash
# Replaces a script of the workflow's author.
echo "$(basename "$0")" "$@"
