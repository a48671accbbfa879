"""What bench-queue says, as figures of the table."""


def add_queue(results, quick, run, flush_ms):
    """`run(section, count)` gives the section's figures; `flush_ms` is what a flush to the disk costs."""
    redis, durable = run("redis", 5000 if quick else 20000), run("durable", 3000 if quick else 15000)
    pickup, memory = run("pickup", 100 if quick else 500), run("memory", 100000 if quick else 1000000)
    results.more["queue"] = {"redis": redis, "durable": durable, "pickup": pickup, "memory": memory}
    results.add("queue_redis_ratio", redis["ratio"],
                f"{redis['queue']:.0f}/s against {redis['raw']:.0f}/s, one thread each; pushed and started one by one, claimed and "
                f"finished by ten")
    results.add("queue_durable_ratio", durable["ratio"],
                f"{durable['queue']:.0f}/s against {durable['raw']:.0f}/s of PostgreSQL alone over three connections; "
                f"{durable['batches']:.0f}/s where a handler takes ten at once; a flush takes {flush_ms:.2f} ms here")
    steps = ", ".join(f"{step[:-3]} {value:.0f} µs" for step, value in pickup["steps"].items())
    idle = pickup["idle"]
    steps += f"; after a rest PostgreSQL's SELECT 1 {idle['select_us']:.0f} µs, its beginning of a task {idle['begin_us']:.0f} µs"
    for name, bar, more in (("claimed", "queue_pickup_ratio", ""), ("begun", "queue_begun_ratio", f"; back to back: {steps}")):
        at = pickup[name]
        results.add(bar, at["ratio"], f"p50 {at['queue_p50_us']:.0f} µs, p99 {at['queue_p99_us']:.0f} µs against "
                                      f"{at['blpop_p50_us']:.0f} and {at['blpop_p99_us']:.0f} µs of BLPOP{more}")
    results.add("queue_task_bytes", memory["bytes"], f"{memory['count']} ready tasks of one priority")
