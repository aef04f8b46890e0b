using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming.Tests;

/// <summary>Runs spec/vectors/{wire,session,session-keys}, which another implementation made.</summary>
public class SpecVectorTests
{
    [Fact]
    public void Frames_that_the_vectors_accept_are_accepted_and_written_the_same_way()
    {
        var file = Read("wire/wire.json");
        var cases = file.GetProperty("accepted").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            byte[] frame = Bytes(test, "frame");
            Assert.StartsWith(WireFrame.Peek(frame, out _).ToString(), test.GetProperty("name").GetString()!.Replace(" ", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
            Assert.Equal(frame, WireTests.Recode(frame)?.ToArray());
            if (test.GetProperty("key").GetString() is { } name)
            {
                using var key = LockedBuffer.CopyOf(Bytes(file, name + "_key"));
                Assert.True(WireWriter.HasMac(frame, key));
                frame[^1] ^= 1;
                Assert.False(WireWriter.HasMac(frame, key));
            }
        });
    }

    [Fact]
    public void Frames_that_the_vectors_refuse_are_refused()
    {
        var cases = Read("wire/wire.json").GetProperty("refused").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, static test => Assert.Null(WireTests.Recode(Bytes(test, "frame"))));
    }

    [Fact]
    public void Halts_are_judged_as_the_vectors_say()
    {
        var file = Read("session/session.json");
        using var key = LockedBuffer.CopyOf(Bytes(file, "control_key"));
        var guard = new HaltGuard();
        var cases = file.GetProperty("halts").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            var engineTime = DateTimeOffset.UnixEpoch.AddTicks(test.GetProperty("engine_time").GetInt64() * TimeSpan.TicksPerMicrosecond);
            Assert.Equal(test.GetProperty("verdict").GetString(), guard.Judge(Bytes(test, "frame"), key, engineTime, out _).ToString(), ignoreCase: true);
        });
    }

    [Fact]
    public void A_machine_id_is_what_the_vectors_say()
    {
        var machine = Read("session/session.json").GetProperty("machine_id");
        var profile = Toolpaths.Profile with
        {
            CpuSerial = machine.GetProperty("cpu_serial").GetString()!,
            McuId = machine.GetProperty("mcu_id").GetString()!,
            Board = machine.GetProperty("board").GetString()!,
        };
        Assert.Equal(Bytes(machine, "id"), profile.MachineId().ToArray());
    }

    [Fact]
    public void A_profile_with_a_snapshot_is_read_and_written_as_the_vectors_say()
    {
        byte[] encoding = Bytes(Read("session/snapshot.json"), "encoding");
        var profile = MachineProfile.TryDecode(encoding, out string? problem);
        Assert.Null(problem);
        Assert.Equal(["homing", "heating", "mesh"], profile!.Behaviour!.Names);
        Assert.Equal(encoding, profile.Encode());
    }

    [Fact]
    public void Behaviour_is_compared_as_the_vectors_say()
    {
        var file = Read("session/snapshot.json");
        var enrolled = MachineProfile.TryDecode(Bytes(file, "encoding"), out _)!.Behaviour!;
        var cases = file.GetProperty("comparisons").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            double found = Number("found");
            var figure = test.GetProperty("kind").GetString() switch
            {
                "homing" => SnapshotComparison.Homing(enrolled.Homing!, new HomingRun(found, Number("x"), Number("y"), Number("z")))!,
                "heating" => SnapshotComparison.Heating(enrolled.ThermalRise!.Value, found),
                _ => SnapshotComparison.Mesh(enrolled.MeshDeviation!.Value, found),
            };
            Assert.Equal(Number("expected"), figure.Enrolled, 9);
            Assert.Equal(Number("tolerance"), figure.Tolerance, 9);
            Assert.Equal(test.GetProperty("differs").GetBoolean(), figure.Differs);

            double Number(string name) => test.GetProperty(name).GetDouble();
        });
    }

    [Fact]
    public void Both_sides_of_a_connection_sign_what_the_vectors_say()
    {
        var test = Read("session/session.json").GetProperty("connection");
        var challenge = new Challenge(1, test.GetProperty("channel").GetString()!, Bytes(test, "engine_nonce"));
        var time = DateTimeOffset.UnixEpoch.AddTicks(test.GetProperty("time").GetInt64() * TimeSpan.TicksPerMicrosecond);

        Assert.Equal(Bytes(test, "signed_by_gateway"), Signed("gateway", DateTimeOffset.UnixEpoch));
        Assert.Equal(Bytes(test, "signed_by_engine"), Signed("engine", time));

        byte[] Signed(string role, DateTimeOffset at) => ConnectionTranscript.Encode(role, challenge, new Guid(Bytes(test, "printer_id"), bigEndian: true),
            Bytes(test, "gateway_nonce"), Bytes(test, "device_key"), Bytes(test, "engine_key"), at);
    }

    [Fact]
    public void The_transcript_is_the_one_of_the_session_keys()
    {
        var file = Read("session-keys/session-keys.json");
        var fields = file.GetProperty("transcript_fields");
        var offer = new Offer
        {
            SessionId = new Guid(Bytes(fields, "session_id"), bigEndian: true),
            EngineNonce = Bytes(fields, "engine_nonce"),
            Time = DateTimeOffset.UnixEpoch.AddTicks(fields.GetProperty("timestamp").GetInt64() * TimeSpan.TicksPerMicrosecond),
            EngineEphemeral = Bytes(fields, "engine_ephemeral_public"),
            Facts = new JobFacts { JobId = Guid.Empty, LicenceId = Guid.Empty, Title = "", Segments = 0, MotionSeconds = 0, NozzleC = 0, BedC = 0, Min = default, Max = default },
            ReportSeconds = 0.2,
            OutageSeconds = 10,
            WindowSegments = 1,
        };
        byte[] transcript = Transcript.Encode(offer, Bytes(fields, "gateway_nonce"), Bytes(fields, "gateway_ephemeral_public"), Bytes(fields, "device_public"), Bytes(fields, "mip"));

        Assert.Equal(Bytes(file.GetProperty("cases")[0], "transcript_hash"), SHA256.HashData(transcript));
    }

    private static JsonElement Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "spec", path)));
        return document.RootElement.Clone();
    }

    private static byte[] Bytes(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);
}
