using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// The machine identity profile (MIP): which machine this is and what it can do. Its encoding goes into the session's transcript and keys, and the hash of
/// its stable identifiers alone is the machine's id.
/// </summary>
public sealed record MachineProfile
{
    /// <summary>Longest encoding, bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxFurtherMcus = 32;

    /// <summary>Serial number of the host's CPU; empty where it has none.</summary>
    public required string CpuSerial { get; init; }

    /// <summary>Unique id of the MCU's serial device, for example <c>usb-Klipper_stm32f446xx_3A0031…</c>.</summary>
    public required string McuId { get; init; }

    /// <summary>MCU type, for example <c>stm32f446xx</c>.</summary>
    public required string Board { get; init; }

    /// <summary>
    /// Micro-controllers beside the main one, as <c>name id</c>, sorted, for example <c>toolhead 1f2e3d4c5b6a</c>. Not identifiers: a toolhead's board is a wearing
    /// part, and another one does not make another machine. That it changed is put on record.
    /// </summary>
    public IReadOnlyList<string> FurtherMcus { get; init; } = [];

    /// <summary>Printer model as its owner named it.</summary>
    public required string Model { get; init; }

    /// <summary>Klipper's version, for example <c>v0.13.0-730</c>. Not an identifier: it is updated.</summary>
    public required string Firmware { get; init; }

    /// <summary>Klipper's <c>kinematics</c>, for example <c>cartesian</c>, <c>corexy</c>, <c>delta</c>.</summary>
    public required string Kinematics { get; init; }

    /// <summary>Build volume, heaters, speeds: everything that a toolpath is checked and planned against.</summary>
    public required MachineLimits Limits { get; init; }

    /// <summary>How the machine behaved when it was measured; null before that. Never part of the id: it is noisy.</summary>
    public BehaviouralSnapshot? Behaviour { get; init; }

    /// <summary>SHA-256 of the deterministic CBOR array [ "touchmark machine v1", CPU serial, MCU id, board ]: 32 bytes.</summary>
    public ReadOnlyMemory<byte> MachineId() => SHA256.HashData(DeterministicCbor.Encode(CborArray.Of("touchmark machine v1", CpuSerial, McuId, Board)));

    public MachineLimits ToLimits() => Limits;

    /// <summary>The one deterministic encoding.</summary>
    public byte[] Encode()
    {
        (CborValue, CborValue?)[] identity =
        [
            ("cpu_serial", CpuSerial), ("mcu_id", McuId), ("board", Board), ("model", Model), ("firmware", Firmware), ("kinematics", Kinematics),
            ("further_mcus", FurtherMcus.Count == 0 ? null : new CborArray([.. FurtherMcus.Order(StringComparer.Ordinal).Select(static mcu => (CborValue)mcu)])),
        ];
        return DeterministicCbor.Encode(CborMap.Of([.. identity, .. MachineLimitsCodec.Entries(Limits), .. BehaviouralSnapshot.Entries(Behaviour)]));
    }

    /// <summary>Null, and what is wrong in words, for anything but one deterministically encoded profile with sane figures. Never throws.</summary>
    public static MachineProfile? TryDecode(ReadOnlyMemory<byte> encoding, out string? problem) =>
        DeterministicCbor.TryDecode(encoding, out var value, out problem, new CborLimits(MaxBytes, MaxDepth: 3, MaxItems: 1024))
            ? CborFields.Decode(value, "profile", Read, out problem)
            : null;

    /// <summary>What differs between the machine that was enrolled and the one that presents itself, identifiers first. Behaviour is noisy, and compared by <see cref="SnapshotComparison"/>.</summary>
    public static IReadOnlyList<ProfileDifference> Compare(MachineProfile enrolled, MachineProfile presented)
    {
        var differences = new List<ProfileDifference>();
        AddText("cpu_serial", enrolled.CpuSerial, presented.CpuSerial, identifies: true);
        AddText("mcu_id", enrolled.McuId, presented.McuId, identifies: true);
        AddText("board", enrolled.Board, presented.Board, identifies: true);
        AddText("further_mcus", Joined(enrolled.FurtherMcus), Joined(presented.FurtherMcus), identifies: false);
        AddText("model", enrolled.Model, presented.Model, identifies: false);
        AddText("firmware", enrolled.Firmware, presented.Firmware, identifies: false);
        AddText("kinematics", enrolled.Kinematics, presented.Kinematics, identifies: false);
        var before = Numbers(enrolled);
        var after = Numbers(presented);
        foreach (string name in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            double? was = before.TryGetValue(name, out double b) ? b : null;
            double? now = after.TryGetValue(name, out double a) ? a : null;
            if (was != now)
            {
                differences.Add(new(name, Words(was), Words(now), now - was, IdentifiesMachine: false));
            }
        }
        foreach (var (name, was, now) in Flags(enrolled).Join(Flags(presented), static flag => flag.Name, static flag => flag.Name, static (before, after) => (before.Name, before.Is, after.Is)))
        {
            AddText(name, was ? "yes" : "no", now ? "yes" : "no", identifies: false);
        }
        AddText("macros", Joined(enrolled.Limits.AllowedMacros), Joined(presented.Limits.AllowedMacros), identifies: false);
        return differences;

        void AddText(string field, string was, string now, bool identifies)
        {
            if (!string.Equals(was, now, StringComparison.Ordinal))
            {
                differences.Add(new(field, was, now, By: null, identifies));
            }
        }

        static string Joined(IEnumerable<string> texts) => string.Join(", ", texts.Order(StringComparer.Ordinal));

        static string Words(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "not given";
    }

    private static MachineProfile Read(CborFields fields) => new()
    {
        CpuSerial = fields.Text("cpu_serial"),
        McuId = fields.Text("mcu_id"),
        Board = fields.Text("board"),
        FurtherMcus = fields.OptionalTexts("further_mcus", MaxFurtherMcus, maxLength: 256),
        Model = fields.Text("model"),
        Firmware = fields.Text("firmware"),
        Kinematics = fields.Text("kinematics"),
        Limits = MachineLimitsCodec.Read(fields),
        Behaviour = BehaviouralSnapshot.Read(fields),
    };

    private static Dictionary<string, double> Numbers(MachineProfile profile)
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (key, value) in MachineLimitsCodec.Entries(profile.Limits))
        {
            if (key is CborText { Value: var name } && (value is CborFloat { Value: var number } ? number : value is CborInteger { IsNegative: false, Argument: var count } ? count : (double?)null) is { } figure)
            {
                numbers[name] = figure;
            }
        }
        return numbers;
    }

    /// <summary>What it can or cannot do; every profile says each.</summary>
    private static IEnumerable<(string Name, bool Is)> Flags(MachineProfile profile)
    {
        foreach (var (key, value) in MachineLimitsCodec.Entries(profile.Limits))
        {
            if (key is CborText { Value: var name } && value is CborBoolean { Value: var flag })
            {
                yield return (name, flag);
            }
        }
    }
}

/// <summary>One field in which two profiles differ.</summary>
/// <param name="Field">Its name in the encoding.</param>
/// <param name="Enrolled">What it was.</param>
/// <param name="Presented">What it is.</param>
/// <param name="By">Presented minus enrolled, for numbers that both have.</param>
/// <param name="IdentifiesMachine">Whether the field is part of the machine's id: then this is another machine.</param>
public sealed record ProfileDifference(string Field, string Enrolled, string Presented, double? By, bool IdentifiesMachine)
{
    public override string ToString() => By is { } by ? FormattableString.Invariant($"{Field} was {Enrolled}, is {Presented} ({by:+0.###;-0.###})") : $"{Field} was {Enrolled}, is {Presented}";
}
