import { describe, expect, it } from 'vitest';
import { rememberedChoicesMax } from '../../common/limits.ts';
import type { Choices } from '../../common/protocol.ts';
import { choicesFrom, createRememberedChoices } from '../../extension/choices.ts';
import { viewStateFrom } from '../../extension/viewState.ts';

const usual: Choices = {
  unit: 'hex8',
  byteOrder: 'little',
  bytesPerRow: 16,
  textEncoding: 'ascii',
  highlight: 'sinceStop',
};

function shelf() {
  const kept = new Map<string, unknown>();
  return {
    kept,
    get: (key: string) => kept.get(key),
    update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, structuredClone(value))),
  };
}

describe('choicesFrom', () => {
  it('takes what makes sense of anything, and the usual for the rest', () => {
    expect(choicesFrom(undefined)).toEqual(usual);
    expect(choicesFrom({ unit: 'f64', bytesPerRow: 7, byteOrder: 'middle', textEncoding: 3 })).toEqual({
      ...usual,
      unit: 'f64',
    });
  });
});

describe('createRememberedChoices', () => {
  it('remembers for the executable what differs from the settings, which go on counting for the rest', async () => {
    let settings = usual;
    const remembered = createRememberedChoices(shelf(), () => settings);
    await remembered.remember('/bin/a', { ...usual, unit: 'u32' });
    settings = { ...usual, byteOrder: 'big' };
    expect(remembered.of('/bin/a')).toEqual({ ...usual, unit: 'u32', byteOrder: 'big' });
    expect(remembered.of('/bin/b')).toEqual(settings);
    await remembered.forget(['unit']);
    expect(remembered.of('/bin/a')).toEqual(settings);
  });

  it('forgets the oldest past the bound, and reads rubbish as nothing', async () => {
    const kept = shelf();
    const remembered = createRememberedChoices(kept, () => usual);
    await kept.update('liveMemory.choices', 'rubbish');
    for (let i = 0; i <= rememberedChoicesMax; i++) await remembered.remember(`/bin/${i}`, { ...usual, unit: 'i8' });
    expect(remembered.of('/bin/0').unit).toBe('hex8');
    expect(remembered.of('/bin/1').unit).toBe('i8');
    expect(kept.kept.get('liveMemory.choices')).toHaveLength(rememberedChoicesMax);
  });
});

describe('viewStateFrom', () => {
  const facts = {
    pid: 7,
    startTime: '99',
    name: 'toy',
    user: 'me',
    commandLine: 'toy -v',
    executable: '/toy',
    pointerBytes: 4,
  };

  it('reads back what a webview stores', () => {
    const place = { top: '0x1000', selection: { anchor: '0x1000', caret: '0x1008' } };
    expect(viewStateFrom({ facts, place, choices: { ...usual, unit: 'u8' } })).toEqual({
      facts,
      place,
      choices: { ...usual, unit: 'u8' },
    });
  });

  it('leaves out what makes no sense, and is nothing without a process', () => {
    expect(viewStateFrom({ facts, place: { top: 'heap' } })).toEqual({ facts, place: undefined, choices: undefined });
    expect(viewStateFrom({ facts, place: { top: '0x1', selection: { anchor: 1, caret: '0x1' } } })?.place).toEqual({
      top: '0x1',
    });
    for (const value of [undefined, null, 5, {}, { facts: {} }, { facts: { pid: '7', startTime: '1' } }]) {
      expect(viewStateFrom(value)).toBeUndefined();
    }
  });
});
