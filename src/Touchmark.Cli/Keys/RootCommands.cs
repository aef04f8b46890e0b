using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Shares;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Parts;

namespace Touchmark.Cli.Keys;

/// <summary><c>touchmark keys root</c>: makes a customer's root and puts it together. It is nowhere but in its shares, unless somebody asks for a file.</summary>
internal static class RootCommands
{
    public static Command Create() => new("root", "The root of a customer, which certifies vaults and appoints officers. To be used on a computer without a network.")
    {
        New(),
        Pin(),
        Recover(),
        RootSigning.SignVault(),
        RootSigning.Appoint(),
        RootSigning.Revoke(),
    };

    private static Command New()
    {
        var customer = new Option<string>("--customer") { Description = "The customer's id, for good: 1 to 128 of a-z, 0-9, dot and hyphen, such as acme.example.", Required = true };
        var (threshold, shares) = Policy();
        var output = new Option<FileInfo>("--out") { Description = "Where to write the public keys.", Required = true };
        var keep = Keep();
        var without = new Option<bool>("--without-shares") { Description = "Hand out no shares: the root is in the file alone. For trials." };
        var command = new Command("new", "Make a root and hand out its shares, one at a time, to be written on paper.") { customer, threshold, shares, output, keep, without };
        command.SetAction(parsed =>
        {
            var id = parsed.GetValue(customer)!;
            if (!Issuers.IsCustomerId(id))
            {
                throw new CliFailure($"{id} cannot name a customer.", "1 to 128 of a-z, 0-9, dot and hyphen", exitCode: 2);
            }

            if (parsed.GetValue(without) && parsed.GetValue(keep) is null)
            {
                throw new CliFailure("without shares and without a file the root would be lost at once.", "name a file with --keep, or leave --without-shares out", exitCode: 2);
            }

            var policy = parsed.GetValue(without) ? null : Read(parsed.GetValue(threshold), parsed.GetValue(shares));
            MustBeNew(parsed.GetValue(output)!);
            using var secret = LockedBuffer.Random(PairedKeys.SeedSize);
            using var root = CustomerRoot.Derive(secret.Span, id, TimeProvider.System.GetUtcNow());
            HandOut(secret, policy);
            KeepIn(parsed.GetValue(keep), secret);
            File.WriteAllBytes(parsed.GetValue(output)!.FullName, root.Public.Trust.ToJson());
            Screen.Line($"The root of {id} is made. Its pin, to be printed and kept with the archives:");
            Screen.Line(root.Public.Pin.ToString());
        });
        return command;
    }

    private static Command Pin()
    {
        var file = new Argument<FileInfo>("file") { Description = "The file with the root's public keys." };
        var expect = new Option<string?>("--expect") { Description = "The pin on the paper: tells whether it is that of the file." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("pin", "Show the pin of a root: what is printed, and compared.") { file, expect, json };
        command.SetAction(parsed =>
        {
            var root = CustomerRoot.Read(parsed.GetValue(file)!);
            if (parsed.GetValue(expect) is { } written)
            {
                if (!RootPin.TryParse(written, out var pin, out var problem))
                {
                    throw new CliFailure($"that is no root pin: {problem}", exitCode: 2);
                }

                if (pin != root.Pin)
                {
                    throw new CliFailure($"the file holds another root: its pin is {root.Pin}.", "do not use the file");
                }
            }

            if (parsed.GetValue(json))
            {
                Screen.Json(JsonSerializer.SerializeToElement(new { customer_id = root.CustomerId, pin = root.Pin.ToString() }));
            }
            else
            {
                Screen.Line(root.Pin.ToString());
            }
        });
        return command;
    }

    private static Command Recover()
    {
        var file = CustomerRoot.PublicFile();
        var secretFile = CustomerRoot.SecretFile();
        var keep = Keep();
        var again = new Option<bool>("--reshare") { Description = "Hand out new shares of the same root. The old ones stay good: destroy them." };
        var (threshold, shares) = Policy();
        var command = new Command("recover", "Put the root together, to see that the shares are right, to keep it in a file or to hand out new shares.") { file, secretFile, keep, again, threshold, shares };
        command.SetAction(parsed =>
        {
            var root = CustomerRoot.Read(parsed.GetValue(file)!);
            var policy = parsed.GetValue(again) ? Read(parsed.GetValue(threshold), parsed.GetValue(shares)) : null;
            using var secret = CustomerRoot.Secret(parsed.GetValue(secretFile));
            using var recovered = CustomerRoot.Derive(secret.Span, root.CustomerId, root.Trust.Keys[0].ValidFrom);
            recovered.Require(root);
            HandOut(secret, policy);
            KeepIn(parsed.GetValue(keep), secret);
            Screen.Line($"This is the root of {root.CustomerId}: {root.Pin}");
        });
        return command;
    }

    private static Option<FileInfo?> Keep() => new("--keep") { Description = "Keep the root in this file, too (mode 0600). Whoever has it is the customer." };

    private static (Option<int> Threshold, Option<int> Shares) Policy() => (
        new("--threshold") { Description = "How many shares make the root.", DefaultValueFactory = _ => 3 },
        new("--shares") { Description = $"How many there are, at most {SecretSharing.MaxShares}.", DefaultValueFactory = _ => 5 });

    private static SharePolicy Read(int threshold, int shares) =>
        threshold >= 2 && threshold <= shares && shares <= SecretSharing.MaxShares ? new(threshold, shares)
        : throw new CliFailure($"{threshold} of {shares} shares is no policy.", $"at least 2 are needed, so that nobody is the root alone, and there are at most {SecretSharing.MaxShares}", exitCode: 2);

    private static void HandOut(LockedBuffer secret, SharePolicy? policy)
    {
        if (policy is not null)
        {
            using var terminal = new SecretTerminal();
            new ShareDialog(terminal).HandOut(secret.Span, policy.Threshold, policy.Shares);
        }
    }

    private static void KeepIn(FileInfo? file, LockedBuffer secret)
    {
        if (file is not null)
        {
            OwnedKeyFile.Write(file, secret.Span, "root");
        }
    }

    internal static void MustBeNew(FileInfo file)
    {
        if (file.Exists)
        {
            throw new CliFailure($"{file} exists already.", "name another file: what roots and officers sign is never overwritten", exitCode: 2);
        }
    }

    private sealed record SharePolicy(int Threshold, int Shares);
}
