using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Touchmark.GCode.Binary;

/// <summary>
/// Turns binary G-code (github.com/prusa3d/libbgcode, doc/specifications.md, version 1) into text, block by block and without any input or output of its own: the owner fills <see cref="Room"/> and
/// takes <see cref="Text"/>. At most one block is in memory.
/// </summary>
internal sealed class BlockDecoder
{
    /// <summary>Longest block, bytes, packed or not. Slicers write up to 64 KiB of G-code.</summary>
    public const int MaxBlock = 4 << 20;

    private const int FileHeader = 10;
    private const int PlainHeader = 8;
    private const int PackedHeader = 12;

    private readonly ArrayBufferWriter<byte> _text = new();
    private byte[] _raw = new byte[64 * 1024];
    private int _have;
    private int _need = FileHeader;
    private Stage _stage = Stage.FileHeader;
    private BlockHeader _block;
    private int _checksumSize;
    private bool _seenGCode;

    private enum Stage
    {
        FileHeader,
        BlockHeader,
        Block,
    }

    /// <summary>What has to be filled next, in one piece or in several.</summary>
    public Memory<byte> Room => _raw.AsMemory(_have, _need - _have);

    /// <summary>Whether the file may end here.</summary>
    public bool MayEnd => _stage == Stage.BlockHeader && _have == 0 && _seenGCode;

    /// <summary>The text of the last block; valid until more is filled.</summary>
    public ReadOnlyMemory<byte> Text => _text.WrittenMemory;

    /// <summary>Takes what was filled.</summary>
    /// <exception cref="InvalidDataException">Not binary G-code, or damaged.</exception>
    public void Advance(int bytes)
    {
        _text.ResetWrittenCount();
        _have += bytes;
        if (_have < _need)
        {
            return;
        }

        switch (_stage)
        {
            case Stage.FileHeader:
                ReadFileHeader();
                Expect(Stage.BlockHeader, PlainHeader);
                break;
            case Stage.BlockHeader:
                ReadBlockHeader();
                break;
            case Stage.Block:
                ReadBlock();
                Expect(Stage.BlockHeader, PlainHeader);
                break;
        }
    }

    private void Expect(Stage stage, int bytes)
    {
        _stage = stage;
        _have = 0;
        _need = bytes;
    }

    private void ReadFileHeader()
    {
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(_raw.AsSpan(4));
        int checksum = BinaryPrimitives.ReadUInt16LittleEndian(_raw.AsSpan(8));
        if (!BinaryGCode.IsBinary(_raw) || version != 1 || checksum > 1)
        {
            throw new InvalidDataException("This is not binary G-code of version 1.");
        }

        _checksumSize = checksum * sizeof(uint);
    }

    private void ReadBlockHeader()
    {
        var header = new BlockHeader(
            (BlockType)BinaryPrimitives.ReadUInt16LittleEndian(_raw),
            BinaryPrimitives.ReadUInt16LittleEndian(_raw.AsSpan(2)),
            BinaryPrimitives.ReadUInt32LittleEndian(_raw.AsSpan(4)));
        if (header.Type > BlockType.Thumbnail || header.Compression > 3 || header.TextSize > MaxBlock || (_seenGCode && header.Type != BlockType.GCode))
        {
            throw new InvalidDataException("A block of the binary G-code is of an unknown kind, too large, or in the wrong place.");
        }

        if (header.Compression != 0 && _need == PlainHeader)
        {
            _need = PackedHeader;
            return;
        }

        uint size = header.Compression == 0 ? header.TextSize : BinaryPrimitives.ReadUInt32LittleEndian(_raw.AsSpan(PlainHeader));
        if (size > MaxBlock)
        {
            throw new InvalidDataException($"A block of the binary G-code has {size} bytes; up to {MaxBlock} are accepted.");
        }

        _block = header with { Start = _need + header.ParameterSize, Size = (int)size };
        _stage = Stage.Block;
        _need = _block.Start + _block.Size + _checksumSize;
        if (_raw.Length < _need)
        {
            Array.Resize(ref _raw, _need);
        }
    }

    private void ReadBlock()
    {
        int end = _need - _checksumSize;
        if (_checksumSize > 0 && Crc32.Compute(_raw.AsSpan(0, end)) != BinaryPrimitives.ReadUInt32LittleEndian(_raw.AsSpan(end)))
        {
            throw new InvalidDataException("A block of the binary G-code does not match its checksum: the file is damaged.");
        }

        ReadOnlySpan<byte> parameters = _raw.AsSpan(_block.Start - _block.ParameterSize, _block.ParameterSize);
        ReadOnlySpan<byte> content = Unpack(_raw.AsSpan(_block.Start, _block.Size));
        if (_block.Type == BlockType.GCode)
        {
            _seenGCode = true;
            GCode(BinaryPrimitives.ReadUInt16LittleEndian(parameters), content);
        }
        else
        {
            BlockText.Write(_block.Type, parameters, content, _text);
        }
    }

    private ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> packed)
    {
        if (_block.Compression == 0)
        {
            return packed;
        }

        var content = new byte[_block.TextSize];
        bool whole = _block.Compression == 1 ? TryInflate(packed, content) : Heatshrink.TryDecode(packed, _block.Compression == 2 ? 11 : 12, content);
        return whole ? content : throw new InvalidDataException("A block of the binary G-code does not unpack to what it claims to hold.");
    }

    private static bool TryInflate(ReadOnlySpan<byte> packed, Span<byte> content)
    {
        using var zlib = new ZLibStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        return zlib.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) == content.Length && zlib.ReadByte() < 0;
    }

    private void GCode(int encoding, ReadOnlySpan<byte> content)
    {
        switch (encoding)
        {
            case 0:
                _text.Write(content);
                break;
            case 1 or 2:
                MeatPack.Unpack(content, _text);
                break;
            default:
                throw new InvalidDataException($"The binary G-code is encoded in an unknown way ({encoding}).");
        }
    }
}

internal enum BlockType
{
    FileMetadata,
    GCode,
    SlicerMetadata,
    PrinterMetadata,
    PrintMetadata,
    Thumbnail,
}

/// <summary>The head of a block.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="Compression">0 none, 1 deflate, 2 and 3 heatshrink with a window of 11 and 12 bits.</param>
/// <param name="TextSize">Bytes of the content, unpacked.</param>
/// <param name="Start">Where the content begins, from the block's beginning.</param>
/// <param name="Size">Bytes of the content, as they stand.</param>
internal readonly record struct BlockHeader(BlockType Type, int Compression, uint TextSize, int Start = 0, int Size = 0)
{
    /// <summary>Format, width and height of a picture; the encoding of anything else.</summary>
    public int ParameterSize => Type == BlockType.Thumbnail ? 6 : 2;
}
