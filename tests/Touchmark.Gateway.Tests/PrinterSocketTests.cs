using System.Diagnostics;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.Tests;

/// <summary>The socket at which Klipper's and Moonraker's extras ask the gateway (spec/printer-socket.md).</summary>
public sealed class PrinterSocketTests
{
    private const int Chunk = 32 * 1024;

    [Fact]
    public async Task A_sealed_file_shows_its_card_and_is_read_at_any_place()
    {
        await using var rig = new FileRig();
        var toolpath = FileRig.Toolpath(20_000);
        var path = await rig.SealAsync("anything.gcode", toolpath);
        using var client = await rig.ConnectAsync();

        Assert.Equal("sealed", (string)(await client.AskAsync("probe", ("path", path))).Answer["kind"]!);
        var (card, pictures) = await client.AskAsync("card", ("path", path));
        Assert.Equal(("PrusaSlicer", 12, 3600), ((string)card["metadata"]!["slicer"]!, (int)card["metadata"]!["layer_count"]!, (int)card["metadata"]!["estimated_time"]!));
        Assert.Equal((32, 300), ((int)Assert.Single(card["thumbnails"]!.AsArray())!["width"]!, pictures.Length));

        var (opened, _) = await client.AskAsync("open", ("path", path));
        Assert.Equal((toolpath.Length, "sealed", "bracket.gcode", 12), ((int)opened["size"]!, (string)opened["kind"]!, (string)opened["name"]!, (int)opened["layers"]!));
        Assert.Equal(toolpath, await ReadAllAsync(client, (int)opened["handle"]!, toolpath.Length));
        // Backwards, and across the border of two chunks.
        foreach (var offset in new[] { 65_000, 0, toolpath.Length - 1, 131_071 })
        {
            var (_, raw) = await client.AskAsync("read", ("handle", (int)opened["handle"]!), ("offset", offset), ("length", 2_000));
            Assert.Equal(toolpath.AsSpan(offset, Math.Min(2_000, toolpath.Length - offset)).ToArray(), raw);
        }

        Assert.True((bool)(await client.AskAsync("close", ("handle", (int)opened["handle"]!), ("reason", "complete"))).Answer["ok"]!);
        Assert.Equal("HANDLE_UNKNOWN", await client.RefusedAsync("read", ("handle", (int)opened["handle"]!), ("offset", 0), ("length", 1)));
    }

    [Fact]
    public async Task A_Fernet_file_opens_with_the_key_that_was_added()
    {
        await using var rig = new FileRig();
        var toolpath = FileRig.Toolpath(20_000);
        using var other = FernetKey.Generate();
        using var key = FernetKey.Generate();
        var path = await rig.FernetAsync("marketplace.gcode", toolpath, key);
        using var client = await rig.ConnectAsync();
        Assert.Equal("fernet", (string)(await client.AskAsync("probe", ("path", path))).Answer["kind"]!);
        Assert.Equal("FILE_KEY_MISSING", await client.RefusedAsync("open", ("path", path)));
        rig.Keys.Add(other);
        Assert.Equal("FERNET_NOT_AUTHENTIC", await client.RefusedAsync("open", ("path", path)));

        rig.Keys.Add(key);
        var (opened, _) = await client.AskAsync("open", ("path", path));

        Assert.Equal((toolpath.Length, "fernet", "marketplace.gcode"), ((int)opened["size"]!, (string)opened["kind"]!, (string)opened["name"]!));
        Assert.Equal(toolpath, await ReadAllAsync(client, (int)opened["handle"]!, toolpath.Length));
    }

    [Theory]
    [InlineData("other printer", "FILE_OTHER_PRINTER")]
    [InlineData("other key", "FILE_KEY_MISSING")]
    [InlineData("wrong key", "FILE_KEY_REFUSED")]
    [InlineData("expired", "FILE_EXPIRED")]
    [InlineData("not yet", "FILE_NOT_YET_VALID")]
    [InlineData("sealed in a year", "FILE_FROM_THE_FUTURE")]
    [InlineData("without key", "FILE_KEY_NOT_INSIDE")]
    [InlineData("cut off", "FILE_CUT_OFF")]
    [InlineData("longer", "FILE_ALTERED")]
    [InlineData("altered head", "FILE_KEY_REFUSED|FILE_HEADER|FILE_ALTERED|FILE_OTHER_PRINTER")]
    [InlineData("altered end", "FILE_ALTERED")]
    [InlineData("plain", "FILE_NOT_ENCRYPTED")]
    [InlineData("begins like sealed", "FILE_CUT_OFF|FILE_HEADER")]
    [InlineData("begins like Fernet", "FERNET_MALFORMED")]
    [InlineData("Fernet with line feeds", "FERNET_MALFORMED")]
    [InlineData("Fernet altered", "FERNET_NOT_AUTHENTIC")]
    [InlineData("Fernet cut off", "FERNET_NOT_AUTHENTIC|FERNET_MALFORMED")]
    [InlineData("Fernet of next year", "FERNET_FROM_THE_FUTURE")]
    public async Task What_must_not_print_is_refused_by_its_code(string what, string codes)
    {
        await using var rig = new FileRig();
        using var key = FernetKey.Generate();
        rig.Keys.Add(key);
        var path = await BadFileAsync(rig, what, key);
        using var client = await rig.ConnectAsync();

        Assert.Contains(await client.RefusedAsync("open", ("path", path)), codes.Split('|'));
        Assert.Equal(0, (int)(await client.AskAsync("status")).Answer["open_files"]!);
    }

    [Fact]
    public async Task A_file_that_is_altered_while_it_prints_is_noticed_and_gives_nothing()
    {
        await using var rig = new FileRig();
        var path = await rig.SealAsync("a.gcode", FileRig.Toolpath(20_000));
        using var client = await rig.ConnectAsync();
        var handle = (int)(await client.AskAsync("open", ("path", path))).Answer["handle"]!;
        await using (var file = File.OpenWrite(path))
        {
            file.Position = file.Length / 2;
            file.Write(new byte[100]);
        }

        var codes = new List<string>();
        for (var offset = 0; offset < 300_000; offset += Chunk)
        {
            var (answer, raw) = await client.AskAsync("read", ("handle", handle), ("offset", offset), ("length", Chunk));
            Assert.Equal((bool)answer["ok"]!, raw.Length > 0);
            codes.Add((string?)answer["code"] ?? "");
        }

        Assert.Contains("FILE_ALTERED", codes);
    }

    [Fact]
    public async Task Only_regular_files_within_the_folder_are_opened()
    {
        await using var rig = new FileRig();
        var inside = await rig.SealAsync("in side \"ü\".gcode", FileRig.Toolpath(10));
        var outside = Path.Combine(rig.Root, "outside.gcode");
        File.Copy(inside, outside);
        File.CreateSymbolicLink(Path.Combine(rig.Gcodes, "link.gcode"), outside);
        File.CreateSymbolicLink(Path.Combine(rig.Gcodes, "own-link.gcode"), inside);
        Directory.CreateSymbolicLink(Path.Combine(rig.Gcodes, "folder"), rig.Root);
        using (var made = Process.Start("mkfifo", [Path.Combine(rig.Gcodes, "pipe.gcode")]))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        using var client = await rig.ConnectAsync();
        foreach (var refused in new[] { "outside.gcode", "gcodes/../outside.gcode", "gcodes/link.gcode", "gcodes/folder/outside.gcode", "gcodes/" })
        {
            Assert.Equal("PATH_REFUSED", await client.RefusedAsync("open", ("path", $"{rig.Root}/{refused}")));
        }

        Assert.Equal("PATH_REFUSED", await client.RefusedAsync("open", ("path", "in side.gcode")));
        Assert.Equal("PATH_REFUSED", await client.RefusedAsync("open", ("path", $"{rig.Gcodes}/a\0b")));
        Assert.Equal("PATH_REFUSED", await client.RefusedAsync("open", ("path", 7)));
        Assert.Equal("PATH_REFUSED", await client.RefusedAsync("open"));
        Assert.Equal("FILE_NOT_FOUND", await client.RefusedAsync("open", ("path", $"{rig.Gcodes}/absent.gcode")));
        Assert.Equal("FILE_NOT_FOUND", await client.RefusedAsync("open", ("path", $"{rig.Gcodes}/pipe.gcode")));
        Assert.True((bool)(await client.AskAsync("open", ("path", inside))).Answer["ok"]!);
        Assert.True((bool)(await client.AskAsync("open", ("path", $"{rig.Gcodes}/own-link.gcode"))).Answer["ok"]!);
    }

    public static TheoryData<string, byte[]> HostileFrames => new()
    {
        { "no frame", "GET / HTTP/1.1\r\n\r\n"u8.ToArray() },
        { "4 GiB", [0xFF, 0xFF, 0xFF, 0xFF] },
        { "empty", [0, 0, 0, 0] },
        { "not JSON", PrinterClient.Frame("{id"u8.ToArray()) },
        { "not UTF-8", PrinterClient.Frame([(byte)'"', 0xFF, (byte)'"']) },
        { "an array", PrinterClient.Frame("[1]"u8.ToArray()) },
        { "no id", PrinterClient.Frame("""{"op":"status"}"""u8.ToArray()) },
        { "an id below zero", PrinterClient.Frame("""{"id":-1,"op":"status"}"""u8.ToArray()) },
        { "no op", PrinterClient.Frame("""{"id":1}"""u8.ToArray()) },
        { "a lone surrogate", PrinterClient.Frame("""{"id":1,"op":"\ud800"}"""u8.ToArray()) },
        { "a name twice", PrinterClient.Frame("""{"id":1,"op":"status","op":"open"}"""u8.ToArray()) },
        { "raw bytes", PrinterClient.Frame("""{"id":1,"op":"status","bytes":5}"""u8.ToArray()) },
        { "deep", PrinterClient.Frame(Encoding.ASCII.GetBytes($$"""{"id":1,"op":"status","x":{{new string('[', 5000)}}{{new string(']', 5000)}}}""")) },
    };

    [Theory]
    [MemberData(nameof(HostileFrames))]
    public async Task What_is_no_frame_closes_its_connection_and_no_other(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        await using var rig = new FileRig();
        using var good = await rig.ConnectAsync();
        using var hostile = await rig.ConnectAsync();

        await hostile.SendAsync(bytes);

        Assert.Null(await hostile.ReceiveAsync());
        Assert.True((bool)(await good.AskAsync("status")).Answer["ok"]!);
    }

    [Fact]
    public async Task Nothing_is_answered_before_the_greeting_and_unknown_words_are_refused_in_words()
    {
        await using var rig = new FileRig();
        using var rude = await PrinterClient.ConnectSilentlyAsync(rig.SocketPath);
        await rude.SendAsync(PrinterClient.Frame("""{"id":1,"op":"status"}"""u8.ToArray()));
        Assert.Null(await rude.ReceiveAsync());

        using var strange = await PrinterClient.ConnectSilentlyAsync(rig.SocketPath);
        Assert.Equal("VERSION_UNKNOWN", await strange.RefusedAsync("hello", ("role", "klipper"), ("version", 2)));
        Assert.Equal("VERSION_UNKNOWN", await strange.RefusedAsync("hello", ("role", "thief"), ("version", 1)));

        using var client = await rig.ConnectAsync();
        Assert.Equal("OP_UNKNOWN", await client.RefusedAsync("dance"));
        Assert.Equal("HANDLE_UNKNOWN", await client.RefusedAsync("read", ("handle", 1), ("offset", 0), ("length", 10)));
        Assert.Equal("HANDLE_UNKNOWN", await client.RefusedAsync("close", ("handle", "x")));
    }

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(0, 0)]
    [InlineData(0, 65537)]
    [InlineData(1_000_000, 10)]
    public async Task A_range_outside_the_file_is_refused(long offset, int length)
    {
        await using var rig = new FileRig();
        var path = await rig.SealAsync("a.gcode", FileRig.Toolpath(100));
        using var client = await rig.ConnectAsync();
        var handle = (int)(await client.AskAsync("open", ("path", path))).Answer["handle"]!;

        Assert.Equal("RANGE_REFUSED", await client.RefusedAsync("read", ("handle", handle), ("offset", offset), ("length", length)));
    }

    [Fact]
    public async Task Files_are_few_belong_to_their_connection_and_are_closed_with_it()
    {
        await using var rig = new FileRig();
        var path = await rig.SealAsync("a.gcode", FileRig.Toolpath(100));
        using var other = await rig.ConnectAsync();
        using (var client = await rig.ConnectAsync())
        {
            for (var i = 0; i < 4; i++)
            {
                Assert.True((bool)(await client.AskAsync("open", ("path", path))).Answer["ok"]!);
            }

            Assert.Equal("FILES_OPEN", await client.RefusedAsync("open", ("path", path)));
            Assert.Equal("HANDLE_UNKNOWN", await other.RefusedAsync("read", ("handle", 1), ("offset", 0), ("length", 10)));
        }

        Assert.True((bool)(await other.AskAsync("open", ("path", path))).Answer["ok"]!);
    }

    [Fact]
    public async Task The_socket_is_for_its_user_alone_and_the_journal_names_no_file()
    {
        await using var rig = new FileRig();
        var path = await rig.SealAsync("secret-name.gcode", FileRig.Toolpath(100));
        using (var client = await rig.ConnectAsync())
        {
            await client.AskAsync("open", ("path", path));
            await client.AskAsync("close", ("handle", 1), ("reason", "secret-name"));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(rig.SocketPath));
        Assert.Contains(rig.Journal.Entries, entry => entry.Contains("is open", StringComparison.Ordinal));
        Assert.DoesNotContain(rig.Journal.Entries, entry => entry.Contains("secret-name", StringComparison.Ordinal) || entry.Contains("bracket", StringComparison.Ordinal));
    }

    private static async Task<byte[]> ReadAllAsync(PrinterClient client, int handle, int size)
    {
        var read = new MemoryStream();
        bool end;
        do
        {
            var (answer, raw) = await client.AskAsync("read", ("handle", handle), ("offset", read.Length), ("length", Chunk));
            read.Write(raw);
            end = (bool)answer["eof"]!;
        }
        while (!end && read.Length < size);
        Assert.True(end);
        return read.ToArray();
    }

    private static async Task<string> BadFileAsync(FileRig rig, string what, FernetKey fernet)
    {
        const string Name = "bad.gcode";
        var toolpath = FileRig.Toolpath(20_000);
        var now = TimeProvider.System.GetUtcNow();
        var minutes = TimeSpan.FromMinutes(30);
        switch (what)
        {
            case "other printer":
            {
                using var psek = Psek.Create(Guid.CreateVersion7(now), 1);
                return await rig.SealAsync(Name, toolpath, under: psek);
            }

            case "other key":
            {
                using var psek = Psek.Create(rig.PrinterId, 2);
                return await rig.SealAsync(Name, toolpath, under: psek);
            }

            case "wrong key":
            {
                using var psek = Psek.Create(rig.PrinterId, 1);
                return await rig.SealAsync(Name, toolpath, under: psek);
            }

            case "expired":
                return await rig.SealAsync(Name, toolpath, order => order with { SealedAt = now - minutes - minutes, ValidUntil = now - minutes });
            case "not yet":
                return await rig.SealAsync(Name, toolpath, order => order with { ValidFrom = now + minutes });
            case "sealed in a year":
                return await rig.SealAsync(Name, toolpath, order => order with { SealedAt = now.AddYears(1) });
            case "without key":
                return await rig.SealAsync(Name, toolpath, order => order with { KeyInside = false });
            case "plain":
                return rig.Write(Name, toolpath);
            case "begins like sealed":
                return rig.Write(Name, [.. "tm-gcode"u8, .. toolpath]);
            case "begins like Fernet":
                return rig.Write(Name, Encoding.ASCII.GetBytes("gAAAAA" + new string('A', 250)));
            case "Fernet with line feeds":
            {
                var text = await File.ReadAllBytesAsync(await rig.FernetAsync(Name, toolpath, fernet));
                text[200] = (byte)'\n';
                return rig.Write(Name, text);
            }

            case "Fernet altered":
                return Change(await rig.FernetAsync(Name, toolpath, fernet), bytes => bytes[bytes.Length / 2] = (byte)(bytes[bytes.Length / 2] == 'A' ? 'B' : 'A'));
            case "Fernet cut off":
                return Change(await rig.FernetAsync(Name, toolpath, fernet), bytes => { }, length => length - 64);
            case "Fernet of next year":
                return await rig.FernetAsync(Name, toolpath, fernet, TimeSpan.FromDays(365));
        }

        var good = await rig.SealAsync(Name, toolpath);
        return what switch
        {
            "cut off" => Change(good, bytes => { }, length => length - 1),
            "longer" => Change(good, bytes => { }, length => length + 1),
            "altered head" => Change(good, bytes => bytes[40] ^= 1),
            "altered end" => Change(good, bytes => bytes[^1] ^= 1),
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
    }

    private static string Change(string path, Action<byte[]> change, Func<int, int>? length = null)
    {
        var bytes = File.ReadAllBytes(path);
        change(bytes);
        Array.Resize(ref bytes, length?.Invoke(bytes.Length) ?? bytes.Length);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
