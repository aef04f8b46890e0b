using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Streaming.Tests;

public class MachineProfileTests
{
    private static readonly MachineProfile Whole = Toolpaths.Profile with
    {
        FurtherMcus = ["toolhead 1f2e3d4c5b6a"],
        Behaviour = new BehaviouralSnapshot
        {
            ThermalRise = new Measured(41.5, 0.25),
            Homing = new HomingBehaviour(new Measured(4.5, 0.125), 50, 50, null),
            MeshDeviation = new Measured(0.03125, 0.001),
        },
    };

    [Fact]
    public void A_profile_survives_its_encoding()
    {
        var decoded = MachineProfile.TryDecode(Whole.Encode(), out string? problem);

        Assert.Null(problem);
        Assert.Equal(Whole.Encode(), decoded!.Encode());
        Assert.Empty(MachineProfile.Compare(Whole, decoded));
        Assert.Equal(Whole.Behaviour, decoded.Behaviour);
        Assert.Equal(Whole.Limits.AllowedMacros.Order(StringComparer.Ordinal), decoded.Limits.AllowedMacros.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_machine_id_follows_from_stable_identifiers_alone()
    {
        string id = Convert.ToHexString(Toolpaths.Profile.MachineId().Span);
        var updated = Whole with { Firmware = "v1", Model = "renamed", Limits = Toolpaths.Limits with { MaxVelocity = 500 } };

        Assert.Equal(id, Convert.ToHexString(updated.MachineId().Span));
        Assert.Equal(id, Convert.ToHexString((Toolpaths.Profile with { FurtherMcus = ["toolhead 1"] }).MachineId().Span));
        Assert.NotEqual(id, Convert.ToHexString((Toolpaths.Profile with { CpuSerial = "1" }).MachineId().Span));
        Assert.NotEqual(id, Convert.ToHexString((Toolpaths.Profile with { McuId = "1" }).MachineId().Span));
        Assert.NotEqual(id, Convert.ToHexString((Toolpaths.Profile with { Board = "1" }).MachineId().Span));
    }

    [Fact]
    public void A_comparison_says_what_differs_and_by_how_much()
    {
        var presented = Whole with
        {
            CpuSerial = "10000000ffffffff",
            Firmware = "v0.14.0",
            Limits = Toolpaths.Limits with { MaxNozzleC = 240, MaxZVelocity = null, Extruders = Toolpaths.Limits.Extruders + 1, Arcs = !Toolpaths.Limits.Arcs },
            FurtherMcus = ["toolhead 000000000000"],
            Behaviour = null,
        };
        var differences = MachineProfile.Compare(Whole, presented).ToDictionary(static difference => difference.Field, StringComparer.Ordinal);

        Assert.Equal(["arcs", "cpu_serial", "extruders", "firmware", "further_mcus", "max_nozzle_c", "max_z_velocity_mm_s"], differences.Keys.Order(StringComparer.Ordinal));
        Assert.True(differences["cpu_serial"].IdentifiesMachine);
        Assert.False(differences["firmware"].IdentifiesMachine);
        Assert.Equal(-20, differences["max_nozzle_c"].By);
        Assert.Equal("max_nozzle_c was 260, is 240 (-20)", differences["max_nozzle_c"].ToString());
        Assert.Equal(1, differences["extruders"].By);
        Assert.Equal(Toolpaths.Limits.Arcs ? ("yes", "no") : ("no", "yes"), (differences["arcs"].Enrolled, differences["arcs"].Presented));
        Assert.False(differences["further_mcus"].IdentifiesMachine);
        Assert.Equal(("15", "not given"), (differences["max_z_velocity_mm_s"].Enrolled, differences["max_z_velocity_mm_s"].Presented));
        Assert.Null(differences["max_z_velocity_mm_s"].By);
    }

    [Fact]
    public void Figures_out_of_any_machines_range_are_refused_in_words()
    {
        var absurd = Toolpaths.Profile with { Limits = Toolpaths.Limits with { MaxX = 1e9 } };
        Assert.Null(MachineProfile.TryDecode(absurd.Encode(), out string? problem));
        Assert.Contains("max_x_mm", problem, StringComparison.Ordinal);
        Assert.Null(MachineProfile.TryDecode((Toolpaths.Profile with { Limits = Toolpaths.Limits with { MaxAcceleration = double.NaN } }).Encode(), out problem));
        Assert.NotNull(problem);
        Assert.Null(MachineProfile.TryDecode(new byte[MachineProfile.MaxBytes + 1], out problem));
        Assert.NotNull(problem);
    }

    [Fact]
    public void An_altered_profile_is_refused_or_another_profile() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(
        Arb.From(from position in Gen.Choose(0, Whole.Encode().Length - 1) from value in Gen.Choose(0, 255) select (position, value)),
        change =>
        {
            byte[] bytes = Whole.Encode();
            bytes[change.position] = (byte)change.value;
            return MachineProfile.TryDecode(bytes, out _) is not { } profile || profile.Encode().AsSpan().SequenceEqual(bytes);
        }));
}
