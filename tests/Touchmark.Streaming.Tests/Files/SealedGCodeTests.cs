using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Streaming.Files;

namespace Touchmark.Streaming.Tests.Files;

public sealed class SealedGCodeTests
{
    private static readonly Guid Printer = Guid.Parse("0198a5f3-0000-7000-8000-000000000001");
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_toolpath_of_several_chunks_is_read_at_any_place_and_wiped_with_its_reader()
    {
        using var psek = Psek.Create(Printer, 3);
        using var contentKey = LockedBuffer.Random(32);
        var toolpath = Toolpath(200_000);
        var file = await SealAsync(psek, contentKey, toolpath, keyInside: true);

        var gcode = SealedGCode.TryRead(file, out var refusal)!;
        Assert.Null(refusal);
        Assert.Equal(file.Length, gcode.Header.CardBytes + SealedBlob.SizeOf(toolpath.Length) + 12 + gcode.Header.Encode().Length);
        Assert.Equal("Voron bracket.gcode", gcode.Header.Name);
        using var key = gcode.UnwrapContentKey(psek, null, out _)!;
        var reader = gcode.OpenToolpath(file, key.Span, out _)!;
        Prop.ForAll(Gen.Choose(0, toolpath.Length).ToArbitrary(), at =>
        {
            reader.Position = at;
            var part = new byte[Math.Min(3000, toolpath.Length - at)];
            reader.ReadExactly(part);
            return part.AsSpan().SequenceEqual(toolpath.AsSpan(at, part.Length));
        }).QuickCheckThrowOnFailure();
        reader.Dispose();
        Assert.False(file.CanRead);
        Assert.Throws<ObjectDisposedException>(() => reader.ReadByte());
    }

    [Fact]
    public async Task A_byte_changed_anywhere_is_refused_or_read_by_nobody()
    {
        using var psek = Psek.Create(Printer, 1);
        using var contentKey = LockedBuffer.Random(32);
        var good = (await SealAsync(psek, contentKey, Toolpath(300), keyInside: true)).ToArray();
        Assert.Equal("success", Outcome(good, psek));
        Prop.ForAll(Gen.Choose(0, good.Length - 1).ToArbitrary(), Gen.Choose(1, 255).ToArbitrary(), (at, change) =>
        {
            var bad = good.ToArray();
            bad[at] ^= (byte)change;
            return Outcome(bad, psek) != "success";
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void Bytes_of_any_kind_behind_the_magic_are_refused_in_words()
    {
        using var psek = Psek.Create(Printer, 1);
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), tail =>
        {
            byte[] length = [0, 0, (byte)(tail.Length >> 8), (byte)tail.Length];
            return Outcome([.. "tm-gcode"u8, .. length, .. tail], psek).StartsWith("FILE_", StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task A_file_without_its_key_opens_with_the_one_that_the_engine_released()
    {
        using var psek = Psek.Create(Printer, 1);
        using var contentKey = LockedBuffer.Random(32);
        var file = await SealAsync(psek, contentKey, Toolpath(300), keyInside: false);
        Assert.Equal("FILE_KEY_NOT_INSIDE", Outcome(file.ToArray(), psek));
        Assert.Equal("success", Outcome(file.ToArray(), psek, header => psek.Wrap(FileKeyRole.Toolpath, header.FileId, contentKey.Span)));
        Assert.Equal("FILE_ALTERED", Outcome(file.ToArray(), psek, header => psek.Wrap(FileKeyRole.Toolpath, header.FileId, new byte[32])));
        Assert.Equal("FILE_KEY_REFUSED", Outcome(file.ToArray(), psek, static _ => []));
    }

    [Fact]
    public async Task A_toolpath_of_another_length_than_ordered_is_not_sealed()
    {
        using var psek = Psek.Create(Printer, 1);
        using var contentKey = LockedBuffer.Random(32);
        await Assert.ThrowsAsync<InvalidDataException>(() => SealedGCodeWriter.WriteAsync(new MemoryStream(), new MemoryStream(Toolpath(99)), Order(Toolpath(100), true), psek, contentKey));
    }

    [Theory]
    [InlineData("../bracket.gcode")]
    [InlineData("")]
    [InlineData("a\nb.gcode")]
    public async Task A_name_that_the_reader_would_refuse_is_not_written(string name)
    {
        using var psek = Psek.Create(Printer, 1);
        using var contentKey = LockedBuffer.Random(32);
        var order = Order(Toolpath(100), true) with { Name = name };
        await Assert.ThrowsAsync<ArgumentException>(() => SealedGCodeWriter.WriteAsync(new MemoryStream(), new MemoryStream(Toolpath(100)), order, psek, contentKey));
    }

    [Fact]
    public void A_printer_key_opens_on_its_device_and_in_the_engine_that_wrapped_it()
    {
        using var psek = Psek.Create(Printer, 2);
        using var device = P256PrivateKey.Generate();
        using var other = P256PrivateKey.Generate();
        byte[] master = RandomNumberGenerator.GetBytes(32), fileKey = RandomNumberGenerator.GetBytes(32);
        var file = Guid.CreateVersion7(Now);
        var box = psek.SealTo(device.PublicKey.Span);
        var stored = psek.WrapUnder(master);

        using var onDevice = Psek.TryOpen(box, device, Printer, 2)!;
        using var inEngine = Psek.TryUnwrapUnder(master, stored, Printer, 2)!;
        var wrapped = onDevice.Wrap(FileKeyRole.Toolpath, file, fileKey);
        using var unwrapped = inEngine.TryUnwrap(FileKeyRole.Toolpath, file, wrapped)!;
        Assert.Equal(fileKey, unwrapped.Span.ToArray());

        Assert.Null(inEngine.TryUnwrap(FileKeyRole.Card, file, wrapped));
        Assert.Null(Psek.TryOpen(box, other, Printer, 2));
        Assert.Null(Psek.TryUnwrapUnder(master, stored, Printer, 1));
        Assert.Throws<ArgumentException>(() => psek.SealTo(new byte[65]));
    }

    private static byte[] Toolpath(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)(i % 251))];

    private static SealedGCodeOrder Order(byte[] toolpath, bool keyInside) => new()
    {
        FileId = Guid.CreateVersion7(Now),
        Name = "Voron bracket.gcode",
        GCodeSha256 = SHA256.HashData(toolpath),
        ToolpathBytes = toolpath.Length,
        SealedAt = Now,
        Card = new GCodeCard { Slicer = "PrusaSlicer", LayerCount = 12, Thumbnails = [new("png", 32, 32, new byte[100])] },
        KeyInside = keyInside,
    };

    private static async Task<MemoryStream> SealAsync(Psek psek, LockedBuffer contentKey, byte[] toolpath, bool keyInside)
    {
        var file = new MemoryStream();
        await SealedGCodeWriter.WriteAsync(file, new MemoryStream(toolpath), Order(toolpath, keyInside), psek, contentKey);
        return file;
    }

    private static string Outcome(byte[] bytes, Psek psek, Func<SealedGCodeHeader, byte[]>? release = null)
    {
        using var file = new MemoryStream(bytes);
        if (SealedGCode.TryRead(file, out var refusal) is not { } gcode || gcode.OpenCard(file, psek, out refusal) is null || gcode.UnwrapContentKey(psek, release?.Invoke(gcode.Header), out refusal) is not { } key)
        {
            return refusal!.Code;
        }
        using (key)
        using (var toolpath = gcode.OpenToolpath(file, key.Span, out refusal))
        {
            return refusal?.Code ?? "success";
        }
    }
}
