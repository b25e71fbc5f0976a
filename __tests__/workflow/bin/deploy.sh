#!/usr/bin/env bash
# Stands in for a script of the workflow author's.
echo "$(basename "$0")" "$@"
