using System.Text;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Receipts;
using Touchmark.Evidence.Statements;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Tests.Receipts;

public sealed class ReceiptTests
{
    private static readonly JsonElement Vectors = JsonElement.Parse(File.ReadAllText(Path.Combine(Tests.Vectors.Folder, "receipt/receipts.json")));

    public static TheoryData<string> Cases => [.. Vectors.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("why").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Receipts_of_the_second_implementation_are_judged_as_it_says(string why)
    {
        var item = Vectors.GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("why").GetString() == why);
        var bytes = Convert.FromHexString(item.GetProperty("receipt").GetString()!);
        var entry = Encoding.UTF8.GetBytes(item.TryGetProperty("entry", out var other) ? other.GetString()! : "entry 77");
        var key = Convert.FromHexString(Vectors.GetProperty("public_key").GetString()!);

        var outcome = !CoseReceipt.TryParse(bytes, out var receipt, out var problem) ? "unreadable" : receipt.Verify(entry, key) ? "valid" : "wrong";

        Assert.Equal(item.TryGetProperty("outcome", out var expected) ? expected.GetString() : "valid", outcome);
        Assert.Equal(outcome == "unreadable", problem is not null);
        if (receipt is not null)
        {
            Assert.Equal(bytes, receipt.Encode());
        }
    }

    [Fact]
    public void An_envelope_carries_the_receipts_of_both_keys_and_is_given_back_without_them()
    {
        using var workshop = new Workshop();
        var envelope = workshop.Signer.Sign(Workshop.Licence, Workshop.Issued).Envelope;
        var (first, second) = (TreeHash.OfLeaf("genesis"u8), TreeHash.OfLeaf(envelope.Span));
        var head = new Checkpoint("engine.example/log", 2, TreeHash.OfNode(first, second));

        var transparent = TransparentStatement.With(envelope, [CoseReceipt.Sign(workshop.Primary, head, 1, [first]), CoseReceipt.Sign(workshop.Shadow, head, 1, [first])]);

        Assert.True(TransparentStatement.TryParse(transparent, out var plain, out var receipts, out var problem), problem);
        Assert.Equal(envelope.ToArray(), plain);
        Assert.Equal([SignatureAlgorithm.Ed25519, SignatureAlgorithm.MlDsa65], receipts.Select(receipt => receipt.Algorithm));
        Assert.True(receipts[0].Verify(plain, workshop.Primary.PublicKey.Span));
        Assert.True(receipts[1].Verify(plain, workshop.Shadow.PublicKey.Span));
        Assert.False(receipts[0].Verify(plain, workshop.Shadow.PublicKey.Span));
        Assert.False(Statement.TryParse(transparent, out _, out _));
        Assert.False(TransparentStatement.TryParse(envelope, out _, out _, out _));
        Assert.Throws<ArgumentException>(() => TransparentStatement.With(transparent, receipts));
    }

    [Fact]
    public void No_altered_byte_of_a_receipt_verifies()
    {
        var good = Convert.FromHexString(Vectors.GetProperty("cases")[0].GetProperty("receipt").GetString()!);
        var key = Convert.FromHexString(Vectors.GetProperty("public_key").GetString()!);
        for (var i = 0; i < good.Length; i++)
        {
            var altered = (byte[])good.Clone();
            altered[i] ^= 0x01;
            // The size alone is not signed (spec/log.md, Receipts).
            Assert.False(CoseReceipt.TryParse(altered, out var receipt, out _) && receipt.Size == 600 && receipt.Verify("entry 77"u8, key));
        }
    }
}
