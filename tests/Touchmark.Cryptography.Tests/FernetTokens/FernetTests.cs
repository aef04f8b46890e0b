using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Cryptography.Tests.FernetTokens;

public sealed class FernetTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Generated => Vectors("fernet/generate.json");

    public static TheoryData<string> Verified => Vectors("fernet/verify.json");

    public static TheoryData<string> Invalid => Vectors("fernet/invalid.json");

    [Theory]
    [MemberData(nameof(Generated))]
    public async Task A_token_is_made_as_the_specification_makes_it(string vector)
    {
        JsonElement test = JsonDocument.Parse(vector).RootElement;
        using FernetKey key = KeyOf(test);
        byte[] iv = [.. test.GetProperty("iv").EnumerateArray().Select(static number => number.GetByte())];
        byte[] message = Encoding.UTF8.GetBytes(test.GetProperty("src").GetString()!);
        Assert.Equal(test.GetProperty("token").GetString(), Encoding.ASCII.GetString(Fernet.Encrypt(key, message, TimeOf(test), iv)));

        var file = new MemoryStream();
        await using (var writer = new FernetWriteStream(file, key, TimeOf(test), iv, leaveOpen: true))
        {
            await writer.WriteAsync(message);
            await writer.CompleteAsync();
        }
        Assert.Equal(test.GetProperty("token").GetString(), Encoding.ASCII.GetString(file.ToArray()));
    }

    [Theory]
    [MemberData(nameof(Verified))]
    public async Task A_token_of_the_specification_opens(string vector)
    {
        JsonElement test = JsonDocument.Parse(vector).RootElement;
        using FernetKey key = KeyOf(test);
        Assert.Equal((FernetProblem.None, test.GetProperty("src").GetString()), InMemory(test, key));
        Assert.Equal((FernetProblem.None, test.GetProperty("src").GetString()), await AsFileAsync(test, key));
        Assert.Equal(FernetProblem.None, InMemory(test, key, TimeSpan.Zero + TimeSpan.FromSeconds(1)).Problem);
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task A_token_that_the_specification_calls_invalid_is_refused_for_its_reason(string vector)
    {
        JsonElement test = JsonDocument.Parse(vector).RootElement;
        using FernetKey key = KeyOf(test);
        FernetProblem expected = test.GetProperty("desc").GetString() switch
        {
            "incorrect mac" => FernetProblem.NotAuthentic,
            "too short" or "invalid base64" or "payload size not multiple of block size" => FernetProblem.Malformed,
            "payload padding error" or "incorrect IV (causes padding error)" => FernetProblem.Padding,
            "far-future TS (unacceptable clock skew)" => FernetProblem.FromTheFuture,
            "expired TTL" => FernetProblem.Expired,
            var unknown => throw new InvalidDataException(unknown),
        };
        Assert.Equal((expected, ""), InMemory(test, key));
        Assert.Equal((expected, ""), await AsFileAsync(test, key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gAAA")]
    [InlineData("line feed after")]
    [InlineData("line feed within")]
    [InlineData("line feed instead")]
    [InlineData("carriage return")]
    [InlineData("blank before")]
    [InlineData("without padding")]
    [InlineData("too much padding")]
    [InlineData("padding within")]
    [InlineData("the other alphabet")]
    [InlineData("unread bits")]
    [InlineData("another version")]
    [InlineData("a block cut off")]
    [InlineData("cut off anywhere")]
    public async Task A_text_that_is_no_token_is_refused_before_any_key_is_used(string what)
    {
        using FernetKey key = FernetKey.Generate();
        string token = Encoding.ASCII.GetString(Fernet.Encrypt(key, "hello, world"u8, Now));
        Assert.EndsWith("==", token, StringComparison.Ordinal);
        string bad = what switch
        {
            "line feed after" => token + "\n",
            "line feed within" => token[..76] + "\n" + token[76..],
            "line feed instead" => token[..76] + "\n" + token[77..],
            "carriage return" => token[..76] + "\r\n" + token[76..],
            "blank before" => " " + token,
            "without padding" => token.TrimEnd('='),
            "too much padding" => token + "====",
            "padding within" => token[..20] + "==" + token[22..],
            "the other alphabet" => token[..30] + "+/" + token[32..],
            "unread bits" => token[..^3] + (char)(token[^3] + 1) + "==",
            "another version" => "gQ" + token[2..],
            "a block cut off" => token[..^64] + token[^44..],
            "cut off anywhere" => token[..^4],
            _ => what,
        };
        byte[] text = Encoding.ASCII.GetBytes(bad);
        Assert.Equal(FernetProblem.Malformed, Fernet.TryDecrypt(key, text, Now, null, new byte[1000], out _));
        Assert.Equal(FernetProblem.Malformed, (await FernetFile.OpenAsync(new MemoryStream(text), key, Now, null)).Problem);
    }

    [Fact]
    public void Time_rules_hold_to_the_second_and_for_any_time()
    {
        using FernetKey key = FernetKey.Generate();
        byte[] token = Fernet.Encrypt(key, "hello"u8, Now);
        Assert.Equal(FernetProblem.None, Open(Now, null));
        Assert.Equal(FernetProblem.None, Open(Now.AddYears(70), null));
        Assert.Equal(FernetProblem.None, Open(Now.AddSeconds(60), TimeSpan.FromMinutes(1)));
        Assert.Equal(FernetProblem.Expired, Open(Now.AddSeconds(61), TimeSpan.FromMinutes(1)));
        Assert.Equal(FernetProblem.Expired, Open(Now.AddYears(1), TimeSpan.FromDays(30)));
        Assert.Equal(FernetProblem.None, Open(Now.AddSeconds(-60), null));
        Assert.Equal(FernetProblem.FromTheFuture, Open(Now.AddSeconds(-61), null));
        Assert.Equal(FernetProblem.FromTheFuture, Open(Now.AddYears(-1), TimeSpan.FromDays(3000)));
        Assert.Equal(FernetProblem.None, Open(Now, TimeSpan.MaxValue));
        Assert.Equal(Now, Fernet.CreatedAt(token));

        // The largest time there is.
        byte[] endless = [.. "gP__________"u8, .. token[12..]];
        Assert.Equal(FernetProblem.FromTheFuture, Fernet.TryDecrypt(key, endless, DateTimeOffset.MaxValue, TimeSpan.MaxValue, new byte[100], out _));
        Assert.Null(Fernet.CreatedAt(endless));
        Assert.Null(Fernet.CreatedAt("gAAAAA"u8));

        FernetProblem Open(DateTimeOffset at, TimeSpan? life) => Fernet.TryDecrypt(key, token, at, life, new byte[100], out _);
    }

    [Fact]
    public void Any_message_comes_back_and_no_changed_token_opens()
    {
        using FernetKey key = FernetKey.Generate();
        using FernetKey other = FernetKey.Generate();
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (message, seed) =>
        {
            byte[] token = Fernet.Encrypt(key, message, Now);
            var opened = new byte[Fernet.MaxMessageSize(token.Length)];
            bool same = Fernet.TryDecrypt(key, token, Now, null, opened, out int written) == FernetProblem.None && opened.AsSpan(0, written).SequenceEqual(message);
            bool refused = Fernet.TryDecrypt(other, token, Now, null, opened, out _) == FernetProblem.NotAuthentic;
            token[seed % token.Length] ^= (byte)(1 + (seed % 255));
            return same && refused && Fernet.TryDecrypt(key, token, Now, null, opened, out _) != FernetProblem.None;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_key_is_its_text_and_nothing_else_is()
    {
        using FernetKey key = FernetKey.FromBytes([.. Enumerable.Repeat((byte)0xfb, 32)]);
        using LockedBuffer text = key.ToText();
        Assert.Equal("-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=", Encoding.ASCII.GetString(text.Span));
        using FernetKey? again = FernetKey.TryParse(text.Span);
        using FernetKey? fromFile = FernetKey.TryParse([.. text.Span, (byte)'\n']);
        byte[] token = Fernet.Encrypt(key, "hello"u8, Now);
        Assert.Equal(FernetProblem.None, Fernet.TryDecrypt(again!, token, Now, null, new byte[100], out _));
        Assert.Equal(FernetProblem.None, Fernet.TryDecrypt(fromFile!, token, Now, null, new byte[100], out _));
        Assert.All(
            new byte[][] { [], [.. text.Span[..^1]], [.. text.Span[..^1], (byte)'A'], [.. text.Span[1..], (byte)'='], [.. text.Span, .. "\n\n"u8], [.. text.Span[..42], .. "t="u8] },
            static bad => Assert.Null(FernetKey.TryParse(bad)));
        Assert.Throws<ArgumentException>(() => FernetKey.FromBytes(new byte[31]));
    }

    [Fact]
    public void A_file_is_known_by_how_it_begins()
    {
        using FernetKey key = FernetKey.Generate();
        Assert.True(Fernet.IsToken(Fernet.Encrypt(key, "hello"u8, Now)));
        Assert.False(Fernet.IsToken("gAAAAA\nG28\nG1 X10\n"u8));
        Assert.False(Fernet.IsToken("G28\n"u8));
        Assert.False(Fernet.IsToken([]));
    }

    private static TheoryData<string> Vectors(string file) => [.. VectorFile.Read(file).EnumerateArray().Select(static test => test.GetRawText())];

    private static FernetKey KeyOf(JsonElement test) => FernetKey.TryParse(Encoding.ASCII.GetBytes(test.GetProperty("secret").GetString()!))!;

    private static DateTimeOffset TimeOf(JsonElement test) => DateTimeOffset.Parse(test.GetProperty("now").GetString()!, CultureInfo.InvariantCulture);

    private static TimeSpan LifeOf(JsonElement test) => TimeSpan.FromSeconds(test.GetProperty("ttl_sec").GetInt32());

    private static (FernetProblem Problem, string Message) InMemory(JsonElement test, FernetKey key, TimeSpan? life = null)
    {
        var message = new byte[1000];
        FernetProblem problem = Fernet.TryDecrypt(key, Encoding.ASCII.GetBytes(test.GetProperty("token").GetString()!), TimeOf(test), life ?? LifeOf(test), message, out int written);
        return (problem, Encoding.UTF8.GetString(message, 0, written));
    }

    private static async Task<(FernetProblem Problem, string Message)> AsFileAsync(JsonElement test, FernetKey key)
    {
        FernetOpening opening = await FernetFile.OpenAsync(new MemoryStream(Encoding.ASCII.GetBytes(test.GetProperty("token").GetString()!)), key, TimeOf(test), LifeOf(test));
        if (opening.Content is null)
            return (opening.Problem, "");
        using var reader = new StreamReader(opening.Content);
        return (opening.Problem, await reader.ReadToEndAsync());
    }
}
