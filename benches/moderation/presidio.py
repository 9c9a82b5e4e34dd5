"""What Presidio's pattern recognizers of contacts find in lines of the corpus.

`presidio.py < lines > answers`, as peers/src/main.rs. The recognizers are called one after another without a language model, so
without the context words that raise a score; whatever score they give counts.
"""

import json
import sys
import time

import tldextract
from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer, UrlRecognizer

# The list of suffixes that comes with the package: no look into the network while measuring.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

RECOGNIZERS = [PhoneRecognizer(supported_regions=("CA", "US", "RU", "KZ", "FR", "GB")), EmailRecognizer(), UrlRecognizer()]


def spans(text):
    return [[found.start, found.end] for one in RECOGNIZERS for found in one.analyze(text, one.supported_entities, None)]


def main():
    lines = [json.loads(line) for line in sys.stdin]
    for line in lines[:200]:
        spans(line["text"])
    took = 0
    for line in lines:
        start = time.perf_counter_ns()
        found = spans(line["text"])
        took += time.perf_counter_ns() - start
        print(json.dumps({"id": line["id"], "spans": found, "flagged": bool(found)}))
    print(json.dumps({"messages": len(lines), "microseconds": took // 1000}))


main()
