#pragma once

#include <QtCore/QRectF>
#include <QtGui/QImage>
#include <QtQuick/QQuickItem>

/// Shows one picture at a place of its own. The pixels are uploaded once and moved by the scene graph from then on.
class PictureItem : public QQuickItem
{
    Q_OBJECT

public:
    explicit PictureItem(QQuickItem *parent = nullptr);

    /// Takes another picture; its pixels are shared, not copied.
    void setPicture(const QImage &picture);
    /// Puts the picture at a place, in the item's units.
    void setPlace(const QRectF &place);
    /// Pixels of the screen for one unit of the item.
    qreal pixelRatio() const;

protected:
    QSGNode *updatePaintNode(QSGNode *node, UpdatePaintNodeData *data) override;
    void geometryChange(const QRectF &geometry, const QRectF &before) override;
    void itemChange(ItemChange change, const ItemChangeData &value) override;
    /// Called when the size or the pixel ratio may have changed.
    virtual void resized() {}

private:
    QImage m_picture;
    QRectF m_place;
    bool m_changed = false;
};
