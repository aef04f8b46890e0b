using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;

namespace Touchmark.Gateway.Tests;

public sealed class HomeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tmgw-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Folders_and_files_are_their_owners_alone()
    {
        var home = Enrolled();
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(home.Folder));
        Assert.NotEmpty(Directory.GetFiles(home.Folder));
        Assert.All(Directory.GetFiles(home.Folder), file => Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        using var key = P256.GenerateKey();
        var home = Enrolled(key);
        using var again = home.ReadDeviceKey();
        Assert.Equal(key.PublicKey.ToArray(), again.PublicKey.ToArray());
        Assert.Equal("http://printer:7125", home.ReadSettings().Printer);
    }

    [Theory]
    [InlineData("device.key")]
    [InlineData("gateway.json")]
    public void A_file_that_others_may_read_is_refused(string file)
    {
        var home = Enrolled();
        File.SetUnixFileMode(Path.Combine(home.Folder, file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var refusal = Assert.Throws<GatewayError>(() =>
        {
            home.ReadSettings();
            home.ReadDeviceKey().Dispose();
        });
        Assert.Equal("PERMISSIONS_TOO_WIDE", refusal.Code);
        Assert.Contains("chmod 600", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_others_may_enter_is_refused()
    {
        var home = Enrolled();
        File.SetUnixFileMode(home.Folder, (UnixFileMode)0b111_101_101);
        var refusal = Assert.Throws<GatewayError>(() => GatewayHome.Open(_root));
        Assert.Equal("PERMISSIONS_TOO_WIDE", refusal.Code);
        Assert.Contains("0755", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"engine\":1}")]
    [InlineData("{\"engine\":\"http://e\",\"printer\":\"p\",\"name\":\"n\",\"printer_id\":\"00000000-0000-0000-0000-000000000000\",\"engine_key\":\"AAAA\",\"profile\":\"AAAA\"}")]
    public void Settings_that_are_none_are_refused(string text)
    {
        var home = Enrolled();
        File.WriteAllText(home.SettingsPath, text);
        Assert.Equal("SETTINGS_UNREADABLE", Assert.Throws<GatewayError>(home.ReadSettings).Code);
    }

    [Fact]
    public void Without_an_enrolment_it_says_how_to_enrol()
    {
        var refusal = Assert.Throws<GatewayError>(GatewayHome.Open(_root).ReadSettings);
        Assert.Equal("NOT_ENROLLED", refusal.Code);
        Assert.Contains("enrol --engine", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void One_folder_has_one_gateway()
    {
        var home = GatewayHome.Open(_root);
        using (home.TryLock())
        {
            Assert.Null(home.TryLock());
        }

        using var next = home.TryLock();
        Assert.NotNull(next);
    }

    private GatewayHome Enrolled(P256PrivateKey? key = null)
    {
        var home = GatewayHome.Open(_root);
        using var own = key is null ? P256.GenerateKey() : null;
        home.ReplaceDeviceKey(key ?? own!);
        home.WriteTrust("{}"u8);
        home.WriteSettings(new GatewaySettings
        {
            Engine = "https://engine/",
            Printer = "http://printer:7125",
            Name = "one",
            PrinterId = Guid.CreateVersion7(),
            EngineKey = (key ?? own!).PublicKey.ToArray(),
            Profile = [1],
        });
        return home;
    }
}
