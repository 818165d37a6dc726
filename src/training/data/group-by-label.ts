/** Groups photos by label, in order. @param labels label of each photo; the numbers themselves mean nothing */
export function groupByLabel(labels: ArrayLike<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let photo = 0; photo < labels.length; photo++) {
    const label = labels[photo]!;
    const group = groups.get(label);
    if (group === undefined) {
      groups.set(label, [photo]);
    } else {
      group.push(photo);
    }
  }
  return groups;
}
