namespace Touchmark.VirtualPrinter;

/// <summary>The figures of host and microcontroller that change each second.</summary>
internal sealed class SystemStats(Machine machine, ReactorScope scope)
{
    private readonly double start = scope.Now;
    private JsonMap mcu = Mcu(machine, 0);
    private double cpuTime = 0.5;
    private long memory = 24_270_000;
    private int ticks;

    public JsonMap Mcu() => mcu;

    public JsonMap Status() => new() { ["sysload"] = 0.0, ["cputime"] = cpuTime, ["memavail"] = memory };

    public void Tick()
    {
        ticks++;
        cpuTime = 0.5 + (scope.Now - start) * 0.005;
        memory = 24_270_000 - (long)(machine.Noise.Uniform() * 2000);
        mcu = Mcu(machine, ticks);
    }

    private static JsonMap Mcu(Machine machine, int ticks)
    {
        var result = Recorded.Map("mcu");
        result["last_stats"] = new JsonMap
        {
            ["mcu_awake"] = 0.003,
            ["mcu_task_avg"] = 1.3e-05,
            ["mcu_task_stddev"] = 1.1e-05,
            ["bytes_write"] = 1279 + ticks * 6,
            ["bytes_read"] = 6056 + ticks * 160,
            ["bytes_retransmit"] = 9,
            ["bytes_invalid"] = 0,
            ["send_seq"] = 140 + ticks,
            ["receive_seq"] = 140 + ticks,
            ["retransmit_seq"] = 2,
            ["srtt"] = 0.0,
            ["rttvar"] = 0.0,
            ["rto"] = 0.025,
            ["ready_bytes"] = 0,
            ["upcoming_bytes"] = 0,
            ["freq"] = 50_000_000 + (int)machine.Noise.Between(-20, 20),
        };
        return result;
    }
}
