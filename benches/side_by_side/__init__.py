"""Storehouse beside the programs that do the same work: what `benches/peers`, `benches/large` and
`.ci/compare-django` share.

| file | holds |
|---|---|
| `packages` | the real packages and the peers: pins, and how they are installed from their registries |
| `project` | one site's settings, for Django and for Storehouse, and the commands that collect it |
| `process` | running one command: its time, its memory, its output |
| `outputs` | whether two folders, or two summaries, say the same |
| `server` | a program that listens: its start and its end |
| `minio` | a MinIO of its own, with its buckets |
| `contenders` | whoever does a piece of work: how to clean its destination, run it, and fetch what it made |
| `rows` | the rows of the table: who is compared with whom, and what is asked of the ratio |
| `table` | medians, ratios, Markdown and JSON |
| `memory` | many small files: time and memory |
| `served_files` | the files that are served |
| `web_servers` | Storehouse, nginx and WhiteNoise: how each is started |
| `wrk`, `resident` | the load on a server, and its memory |
| `serving` | the rows on serving: what is asked, and whether all answer the same |
| `serving_table` | these as Markdown and JSON |
| `upload_form` | the example that takes uploads: its start, its memory, its temporary files |
| `form_client` | a form that is sent over a socket while it is made |
| `kept` | what uploads have left in a folder or in a bucket |
| `counting_proxy` | how many bytes a service fetches from another |
| `large_files` | large uploads and downloads: what is done, and what must hold |

It needs nothing but Python's own library, from 3.9 on.
"""
